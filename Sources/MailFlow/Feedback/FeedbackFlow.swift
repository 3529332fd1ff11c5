package import Accounts
import Actions
import DeliveryQueue
import Feedback
import MailModel
import NIOCore
import RuleEngine
package import Storage

/// The way of feedback, once its mail is durable: **read** what it tells → **match** it to a mail
/// and its recipient, by the token of a return path alone → **follow** (the recipient's state, the
/// suppression list, the events, in one commit).
///
/// Nothing that a report says chooses whom it is about: only a token does, and only who has seen a
/// mail of ours has one. Forged feedback to a mail that was never sent does not get here.
package struct FeedbackFlow: Sendable {
    /// Of a mail, that are read: what a report says stands before the mail that it returns.
    package static let readBytesMax = 1_048_576
    /// Its place in the journal of the mail that tells it. No rule is called so.
    static let key = ActionKey(rule: "(feedback)", position: 0)
    static let kind = "feedback"
    /// Where feedback loops send to: they know no return paths. RFC 2142, RFC 6449 §4
    static let reportedTo: Set<String> = ["abuse", "postmaster"]

    static let nothingComesBack = ActionResult(
        ending: .refused, detail: "nothing of ours comes back there any more")

    let returnPaths: ReturnPaths
    private let office: SendingOffice
    private let store: any SendingStore
    private let bodies: any BodyFiles
    private let log: any FeedbackLog
    private let onDeliveries: @Sendable () -> Void

    /// `onDeliveries` is called when the outbox has something new.
    package init(
        returnPaths: ReturnPaths, office: SendingOffice, store: any SendingStore,
        bodies: any BodyFiles, log: any FeedbackLog, onDeliveries: @escaping @Sendable () -> Void
    ) {
        self.returnPaths = returnPaths
        self.office = office
        self.store = store
        self.bodies = bodies
        self.log = log
        self.onDeliveries = onDeliveries
    }

    /// Takes in what `mail` tells of mails of ours, at its `attempt`th try. Blocks on files. Nil
    /// where it is a mail like any other. May be asked twice for the same: what is known is not
    /// told again.
    func take(_ mail: MailRecord, _ content: MailContent, attempt: Int) async -> ActionResult? {
        let recipients = mail.envelope.recipients
        let tokens = recipients.compactMap(returnPaths.token(of:))
        guard !tokens.isEmpty || recipients.contains(where: Self.mayBeReported) else {
            return nil
        }
        do throws(StorageFailure) {
            let feedback = MailFeedback.read(MIMEMessage(try bytes(mail, content)))
            let named = tokens.isEmpty ? quotedToken(feedback).map { [$0] } ?? [] : tokens
            guard !named.isEmpty else { return nil }
            var said: [String] = []
            var isLater = false
            for token in named {
                let outcome = try await take(feedback, about: token, by: mail.id, attempt)
                said.append(outcome.text)
                isLater = isLater || outcome.isLater
            }
            return ActionResult(
                ending: isLater ? .failed : .done(.continueOn),
                detail: said.joined(separator: "; "))
        } catch {
            return ActionResult(ending: .failed, detail: "\(error)")
        }
    }

    private static func mayBeReported(_ mailbox: Mailbox) -> Bool {
        reportedTo.contains(mailbox.foldedLocalPart)
    }

    // MARK: Read

    private func bytes(
        _ mail: MailRecord, _ content: MailContent
    ) throws(StorageFailure) -> [UInt8] {
        let length = min(mail.totalLength - mail.headLength, Self.readBytesMax)
        switch content {
        case .bytes(let bytes):
            let start = bytes.readerIndex + mail.headLength
            return bytes.getBytes(at: start, length: length) ?? []
        case .file:
            let piece = try bodies.read(mail.id, from: mail.headLength, length: length)
            return Array(piece.readableBytesView)
        }
    }

    /// Of a complaint that came to no return path: that of the mail complained about, as the report
    /// or the mail's own header has it.
    private func quotedToken(_ feedback: MailFeedback) -> ReturnPathToken? {
        guard case .complaint(let report) = feedback else { return nil }
        let header = HeaderBlock((report.original?.headerBytes ?? [])[...])
        let paths =
            [report.originalMailFrom].compactMap { $0 } + header.all("Return-Path").map(\.text)
        return paths.lazy.compactMap { path in
            Mailbox(path.filter { !"<> \t".contains($0) }).flatMap(returnPaths.token(of:))
        }.first
    }

    // MARK: Match and follow

    private struct Outcome {
        /// For people.
        var text: String
        /// Whether it is to be looked at once more.
        var isLater = false
    }

    private func take(
        _ feedback: MailFeedback, about token: ReturnPathToken, by report: MailID, _ attempt: Int
    ) async throws(StorageFailure) -> Outcome {
        let mail = token.mail
        let recipients = try await store.recipients(of: mail)
        guard let sent = try await store.sentMail(mail),
            let recipient = recipients.first(where: { $0.key.position == Int(token.position) })
        else { return Outcome(text: "mail \(mail) is no longer known") }
        let address = recipient.address.wireText
        guard let news = FeedbackNews(feedback, about: recipient.address) else {
            return Outcome(text: "nothing of mail \(mail) to \(address)")
        }
        // A server may be faster than the note that it took the mail.
        if recipient.state == .queued, attempt == 1 {
            return Outcome(
                text: "\(news.word) of mail \(mail) to \(address), which is not noted as sent yet",
                isLater: true)
        }
        let queued = QueuedRecipient(mail: sent, recipient: recipient)
        let body = await store.returnedBody(of: queued, bodies)
        guard let told = office.consequences(of: news, for: queued, returning: body) else {
            return Outcome(text: "\(news.word) of mail \(mail) to \(address), known before")
        }
        try await follow(told, queued)
        log.told(news, of: queued, by: report)
        return Outcome(text: "\(news.word) of mail \(mail) to \(address)")
    }

    private func follow(
        _ told: SendingOffice.FeedbackConsequences, _ queued: QueuedRecipient
    ) async throws(StorageFailure) {
        let files = try await store.record([
            SendingProgress(
                recipient: told.recipient, replacing: queued.recipient,
                deliveries: told.consequences.deliveries,
                suppressions: told.consequences.suppressions,
                reports: told.consequences.reports)
        ])
        if !files.isEmpty { bodies.remove(files) }
        if !told.consequences.deliveries.isEmpty { onDeliveries() }
    }
}

extension FeedbackNews {
    /// One word for it, in logs and journals.
    package var word: String {
        switch self {
        case .bounce: "bounce"
        case .delay: "delay"
        case .success: "success"
        case .complaint: "complaint"
        case .answer: "answer"
        }
    }
}
