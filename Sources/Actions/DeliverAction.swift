package import MailModel
import NIOCore
import RuleEngine
package import Storage

/// The Maildirs that rules deliver into.
package struct Maildirs: Sendable {
    /// By the names that rules call them.
    let patterns: [String: MaildirPattern]
    let store: any MaildirStore
    /// Ours, in the names of files.
    let hostname: String
    /// What came before it may have been delivered by the server that ran then.
    let startedAt: Timestamp

    package init(
        _ patterns: [String: MaildirPattern], store: any MaildirStore, hostname: String,
        startedAt: Timestamp
    ) {
        self.patterns = patterns
        self.store = store
        self.hostname = hostname
        self.startedAt = startedAt
    }
}

extension ReceiptActions {
    /// Of our name in that of a file, which has 255 bytes at most.
    private static let hostnameBytesMax = 64

    /// Puts the mail into the Maildirs of its recipients, one file into each. The detail of a result
    /// is their paths; where some could not be written, of those that were, which the next try leaves
    /// alone: what somebody has deleted or filed meanwhile does not come again.
    func deliver(_ task: ActionTask, into name: String) async -> ActionResult {
        guard let maildirs, let pattern = maildirs.patterns[name] else {
            return ActionResult(ending: .failed, detail: "no such maildir: \(name)")
        }
        let shown: HandedOnMail
        do throws(StorageFailure) {
            shown = try handedOn(task)
        } catch {
            return ActionResult(ending: .failed, detail: "\(error)")
        }
        var places: [MaildirPlace] = []
        var recipients: [MaildirPlace: [Mailbox]] = [:]
        for recipient in task.recipients {
            let place = pattern.place(of: recipient)
            if recipients[place] == nil { places.append(place) }
            recipients[place, default: []].append(recipient)
        }
        let delivered = DeliveredPlaces(lastDetail: task.lastDetail)
        let mails = places.filter { !delivered.contains($0) }.map { place in
            var front = ByteBuffer(
                string: "Return-Path: <\(task.mail.envelope.mailFrom.wireText)>\r\n")
            for recipient in recipients[place] ?? [] {
                front.writeString("Delivered-To: \(recipient.wireText)\r\n")
            }
            front.writeImmutableBuffer(shown.front)
            return MaildirMail(
                place: place, name: Self.fileName(task, on: maildirs.hostname), front: front,
                rest: shown.rest,
                mayBeThere: task.attempt > 1 || task.mail.receivedAt < maildirs.startedAt
                    || task.mail.replay != nil)
        }
        var (written, failures): ([MaildirPlace], [String]) = ([], [])
        for (mail, result) in zip(mails, await maildirs.store.put(mails)) {
            switch result {
            case .success: written.append(mail.place)
            case .failure(let failure): failures.append("\(failure)")
            }
        }
        guard failures.isEmpty else {
            return ActionResult(
                ending: .failed,
                detail: delivered.adding(written).detail(failures.joined(separator: "; ")))
        }
        return ActionResult(
            ending: .done(.continueOn), detail: places.map(\.path).joined(separator: ", "))
    }

    /// maildir(5): the time, what is unique at that time, the host. The stable id is unique, and the
    /// same at every try.
    private static func fileName(_ task: ActionTask, on hostname: String) -> String {
        let seconds = task.mail.receivedAt.milliseconds / 1_000
        let unique = task.stableID.split(separator: "/").joined(separator: "-")
        return "\(seconds).\(unique).\(hostname.prefix(hostnameBytesMax))"
    }
}
