import MailModel
package import Storage
import Synchronization

/// What an operator has done with recipients that are not done with.
package enum SentMailChange: String, Sendable, Codable, CaseIterable {
    /// Not tried until released.
    case hold
    case release
    /// Tried now, and the destination with it, whatever it rests for. Who is scheduled stays so.
    case retry
    /// Sent back: the sender is told as of one whose time is over, but nothing is said against the
    /// address.
    case bounce
    /// Taken out; nobody is told.
    case remove

    /// Whom it concerns.
    package var states: [SentRecipient.State] {
        switch self {
        case .hold, .retry: [.queued]
        case .release: [.held]
        case .bounce, .remove: [.queued, .held]
        }
    }

    /// Where they go; nil for `bounce`, which ends as tries do.
    fileprivate var state: SentRecipient.State? {
        switch self {
        case .hold: .held
        case .release, .retry: .queued
        case .remove: .removed
        case .bounce: nil
        }
    }
}

extension DeliveryQueue {
    /// What came of a change.
    package struct Changed: Sendable, Equatable {
        package var count = 0
        /// Of those that were being tried at this moment, and were left alone.
        package var busy = 0

        package init(count: Int = 0, busy: Int = 0) {
            self.count = count
            self.busy = busy
        }
    }

    /// Recipients that are changed together.
    private static let batchMax = 500

    /// Whom `filter` means, whatever states it names; nobody is at work on the same recipient
    /// meanwhile. What was changed before a failure stays.
    package func apply(
        _ change: SentMailChange, to filter: SendingFilter
    ) async throws(StorageFailure) -> Changed {
        var changed = Changed()
        let filter = concerned(change, filter, limit: Self.batchMax)
        var after: SentRecipient.Key?
        while true {
            let places = try await store.places(filter, after: after)
            guard let last = places.last else { return changed }
            after = last.key
            let ours = state.withLock { $0.lanes.withdraw(places) }
            changed.busy += places.count - ours.count
            let result: Result<Int, StorageFailure>
            do throws(StorageFailure) {
                result = .success(try await apply(change, to: ours.map(\.key)))
            } catch {
                result = .failure(error)
            }
            let needs = state.withLock { state in
                if change == .retry || change == .release {
                    for place in ours { state.lanes.wake(place.destination) }
                }
                return state.lanes.giveBack(ours)
            }
            for (name, need) in needs { await see(to: need, name) }
            changed.count += try result.get()
        }
    }

    /// How many that would be.
    package func count(
        _ change: SentMailChange, of filter: SendingFilter
    ) async throws(StorageFailure) -> Int {
        try await store.count(concerned(change, filter, limit: filter.limit))
    }

    private func concerned(
        _ change: SentMailChange, _ filter: SendingFilter, limit: Int
    ) -> SendingFilter {
        var filter = filter
        filter.states = change.states
        filter.limit = limit
        if change == .retry { filter.dueBy = time.now() }
        return filter
    }

    private func apply(
        _ change: SentMailChange, to keys: [SentRecipient.Key]
    ) async throws(StorageFailure) -> Int {
        guard let state = change.state else { return try await sendBack(keys) }
        let moved = try await store.move(
            keys, from: Set(change.states), to: state, now: time.now())
        if !moved.files.isEmpty { bodies.remove(moved.files) }
        return moved.count
    }

    private func sendBack(_ keys: [SentRecipient.Key]) async throws(StorageFailure) -> Int {
        let open = try await store.queued(keys).filter(\.recipient.state.isOpen)
        var progress: [SendingProgress] = []
        for queued in open { progress.append(await self.progress(of: .returned, for: queued)) }
        let files = try await store.record(progress)
        if !files.isEmpty { bodies.remove(files) }
        for queued in open { log.ended(.returned, of: queued) }
        await follow(progress)
        return open.count
    }
}
