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
    private static let fetchMax = 1_000

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
        let mails = queue.claim(due)
        do throws(StorageFailure) {
            try await bring(mails)
        } catch {
            queue.release(mails)
            throw error
        }
        return mails.count
    }

    /// Those of the claimed `mails` that wait still. Between the store's word that they are due and our
    /// claim a pass may have ended, or an operator may have held one: to go on then would release what
    /// is kept apart. Throws before any of them is brought.
    private func bring(_ mails: [MailID]) async throws(StorageFailure) {
        let records = try await claimed.store.acting(mails)
        let journals = try await claimed.store.journals(of: records.map(\.id))
        queue.release(Array(Set(mails).subtracting(records.map(\.id))))
        for record in records {
            do throws(StorageFailure) {
                let mail = try waiting(record, try journals[record.id]?.get() ?? [])
                (record.verdicts?.isComplete == true ? judgedQueue : queue).putBack(mail)
            } catch {
                // Alone: the others go on.
                await claimed.giveUp(record, because: error)
            }
        }
    }

    /// What waited, hours perhaps, may have been damaged meanwhile: its file is read through before
    /// anybody gets it. Bytes in a row are when they are used.
    private func waiting(
        _ record: MailRecord, _ journal: [ActionRecord]
    ) throws(StorageFailure) -> WaitingMail {
        if record.bodyPlace == .file {
            do throws(StorageFailure) {
                _ = try claimed.bodies.content(of: record)
            } catch {
                guard case .notFound(let detail) = error else { throw error }
                throw .damaged(detail)
            }
        }
        let actions = Dictionary(journal.map { ($0.key, $0) }) { _, last in last }
        return WaitingMail(record: record, content: nil, actions: actions)
    }
}
