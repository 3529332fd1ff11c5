import MailModel
package import Storage
import Synchronization

extension DeliveryQueue {
    /// What was counted, and when.
    struct Count {
        /// A second for so many: counting a million takes about that long, and is made once a
        /// minute at most.
        private static let keptForASecond = 20_000

        var counts: SendingCounts
        var at: Timestamp

        func isFresh(at now: Timestamp) -> Bool {
            let kept = Int64(counts.queued + counts.held) * 1_000 / Int64(Self.keptForASecond)
            return (0..<kept).contains(now.milliseconds - at.milliseconds)
        }
    }

    /// Who waits, for people and gauges: the more there are, the older it may be, by a second for
    /// each 20,000.
    package func counts() async throws(StorageFailure) -> SendingCounts {
        let now = time.now()
        if let last = state.withLock({ $0.lastCount }), last.isFresh(at: now) { return last.counts }
        let counts = try await store.sendingCounts()
        state.withLock { $0.lastCount = Count(counts: counts, at: now) }
        return counts
    }
}
