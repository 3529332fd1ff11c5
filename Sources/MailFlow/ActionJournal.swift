import MailModel
import Storage
import Topics

/// Where it is written what came of mails.
struct ActionJournal: Sendable {
    let queue: ActionQueue
    let store: any MailStore
    let log: any ActionLog
    let pause: any Pause
    /// Called when the outbox has something new.
    let onDeliveries: @Sendable () -> Void
    /// Called where the end comes before what was done could be written.
    let onUnwritten: @Sendable (StorageFailure) -> Void

    /// Until a journal that could not be written is tried again.
    private static let afterFailureMilliseconds: Int64 = 5_000

    /// One group commit for all of `passes`; says whether it stands. Where it cannot, the mails
    /// stay claimed: what was done for them is done again by the next start at the earliest.
    func write(_ passes: inout [ActionPass]) async -> Bool {
        let news = passes.indices.filter { passes[$0].isNews }
        guard !news.isEmpty else { return true }
        let progress = news.map { passes[$0].progress() }
        guard await write(progress) else { return false }
        for index in news { passes[index].settle() }
        for entry in progress where entry.newState == .retired { log.retired(entry.mail) }
        if progress.contains(where: { !$0.deliveries.isEmpty }) { onDeliveries() }
        return true
    }

    /// Tries until it stands: what was done and could not be written down is kept here, and not
    /// done again. Meanwhile whoever waits for it begins nothing else, so a disk that refuses for
    /// hours sees no more actions than the lanes and rooms have at once.
    private func write(_ progress: [MailProgress]) async -> Bool {
        while true {
            do throws(StorageFailure) {
                try await store.record(progress)
                return true
            } catch {
                log.journalFailed(progress.map(\.mail), error)
                guard error.mayPass, !queue.isClosed else {
                    onUnwritten(error)
                    return false
                }
                await pause.forMilliseconds(Self.afterFailureMilliseconds)
            }
        }
    }

    /// Writes when mails are looked at again, and ends the claims on them. Where that cannot be
    /// written they are due as they were, and not sooner than the disk may have come to itself.
    func postpone(_ progress: [MailProgress]) async {
        guard !progress.isEmpty else { return }
        do throws(StorageFailure) {
            try await store.record(progress)
        } catch {
            log.journalFailed(progress.map(\.mail), error)
            await pause.forMilliseconds(Self.afterFailureMilliseconds)
        }
        queue.release(progress.map(\.mail))
    }
}
