import MailModel
import RuleEngine
import Storage
import Topics

/// Brings mails whose rows are due and that nobody works on: after a start, when the queue was
/// full, and when an action is to be tried again.
struct DueMails: Sendable {
    let queue: ActionQueue
    /// Of mails that nobody has to judge any more: those wait for no judge at their next try.
    let judgedQueue: ActionQueue
    let claimed: ClaimedMails
    let time: any TimeSource
    let pause: any Pause

    /// A mail is left to the lanes this long before its row is fetched as forgotten.
    private static let graceSeconds: Int64 = 2
    private static let fetchMax = 500

    /// Until the queue is closed.
    func run() async {
        while !queue.isClosed {
            var fetched = 0
            if !queue.isFull, !judgedQueue.isFull {
                do throws(StorageFailure) {
                    fetched = try await fetchOnce()
                } catch {
                    claimed.log.journalFailed([], error)
                }
            }
            if fetched < Self.fetchMax { await pause.forMilliseconds(1_000) }
        }
    }

    private func fetchOnce() async throws(StorageFailure) -> Int {
        let due = try await claimed.store.due(
            at: time.now().advanced(bySeconds: -Self.graceSeconds),
            limit: queue.claimedCount + Self.fetchMax)
        let records = queue.claim(due)
        for record in records {
            do throws(StorageFailure) {
                guard let mail = try await fetch(record.id) else {
                    queue.release([record.id])
                    continue
                }
                (mail.record.verdicts?.isComplete == true ? judgedQueue : queue).putBack(mail)
            } catch {
                // Alone: the others go on.
                await claimed.giveUp(record, because: error)
            }
        }
        return records.count
    }

    /// Nil where it waits no more. Between the store's word that it is due and our claim its pass may
    /// have ended, or an operator may have held it: to go on then would release what is kept apart.
    ///
    /// What waited, hours perhaps, may have been damaged meanwhile: its file is read through before
    /// anybody gets it. Bytes in a row are when they are used.
    private func fetch(_ id: MailID) async throws(StorageFailure) -> WaitingMail? {
        guard let record = try await claimed.store.mail(id), record.state == .acting else {
            return nil
        }
        if record.bodyPlace == .file {
            do throws(StorageFailure) {
                _ = try claimed.bodies.content(of: record)
            } catch {
                guard case .notFound(let detail) = error else { throw error }
                throw .damaged(detail)
            }
        }
        var known: [ActionKey: ActionRecord] = [:]
        for action in try await claimed.store.actions(of: record.id) { known[action.key] = action }
        return WaitingMail(record: record, content: nil, actions: known)
    }
}
