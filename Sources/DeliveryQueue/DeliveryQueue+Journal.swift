import MailModel
import NIOCore
import Storage
import Synchronization

/// What is written of tries, and what follows from it.
extension DeliveryQueue {
    func write(_ ending: TryEnding, _ item: QueueItem) async {
        let progress = await progress(of: ending, for: item.queued)
        await write([progress])
        await follow([progress])
    }

    /// What is written of an ending, all in one commit.
    func progress(of ending: TryEnding, for queued: QueuedRecipient) async -> SendingProgress {
        let body = ending.isFailure ? await returnedBody(of: queued) : nil
        let consequences = office.consequences(of: ending, for: queued, returning: body)
        return SendingProgress(
            recipient: queued.recipient.after(ending, at: time.now()),
            deliveries: consequences.deliveries, suppressions: consequences.suppressions,
            reports: consequences.reports)
    }

    private func returnedBody(of queued: QueuedRecipient) async -> ByteBuffer? {
        await withTaskExecutorPreference(executor) {
            await store.returnedBody(of: queued, bodies)
        }
    }

    /// What is written is told, and reports go on their way: out of the store, which knows whether a
    /// list has who gets them, be it since the same commit.
    func follow(_ progress: [SendingProgress]) async {
        if progress.contains(where: { !$0.deliveries.isEmpty }) { onDeliveries() }
        let names = Set(progress.flatMap(\.reports).flatMap(\.recipients).map(\.destination))
        let needs = state.withLock { $0.lanes.expectMore(of: names) }
        for (name, need) in needs { await see(to: need, name) }
    }

    /// Until it is written: nothing else of the mail begins before. After the end was asked for it
    /// is tried once more at most, and the try is made again by the next start.
    func write(_ progress: [SendingProgress]) async {
        while true {
            do throws(StorageFailure) {
                let files = try await store.record(progress)
                if !files.isEmpty { bodies.remove(files) }
                return
            } catch {
                log.journalFailed(error)
                guard error.mayPass, !isClosed else { return onUnwritten(error) }
                await pause.forMilliseconds(Self.afterFailureMilliseconds)
            }
        }
    }
}
