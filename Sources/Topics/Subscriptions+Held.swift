import Logging
import MailModel
import ServiceLifecycle
package import Storage
import Synchronization

/// Messages that wait for their subscriber's word.
extension Subscriptions {
    /// Brings held messages to where the state of their subscription wants them, a batch a commit.
    /// What is left when the process ends is done by the next.
    package func settleHeld() async throws(StorageFailure) {
        for key in unsettled.withLock({ $0 }) {
            // A change from here on calls for it again.
            unsettled.withLock { _ = $0.remove(key) }
            do throws(StorageFailure) {
                try await settleHeld(of: key)
            } catch {
                unsettled.withLock { _ = $0.insert(key) }
                throw error
            }
        }
    }

    private func settleHeld(of key: SubscriberKey) async throws(StorageFailure) {
        let now = time.now()
        while !Task.isShuttingDownGracefully {
            let count: Int
            switch record(of: key)?.state {
            case .confirmed:
                count = try await store.releaseHeld(key, at: now, limit: Self.heldBatchMax)
                if count > 0 { onChange() }
            case .unsubscribed: count = try await store.dropHeld(key, limit: Self.heldBatchMax)
            case .pending, nil: return
            }
            guard count == Self.heldBatchMax else { return }
        }
    }

    /// Makes dead what was held for a token's lifetime.
    package func giveUpHeld() async throws(StorageFailure) {
        var total = 0
        while !Task.isShuttingDownGracefully {
            let count = try await store.giveUpHeld(at: time.now(), limit: Self.heldBatchMax)
            total += count
            guard count == Self.heldBatchMax else { break }
        }
        guard total > 0 else { return }
        log.warning(
            "messages are dead whose subscriber did not confirm in time",
            metadata: ["messages": "\(total)"])
    }
}
