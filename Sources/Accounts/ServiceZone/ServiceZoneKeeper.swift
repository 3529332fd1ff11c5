package import DNS
package import MailModel
package import Storage
import Synchronization

/// Keeps the service domain's records in the zone of the operator's name server: all of them after
/// a start and after a failure, and then what has changed.
///
/// | what is known of the zone | what a turn does | what ends it |
/// |---|---|---|
/// | nothing (start, failure) | puts every record there, takes away what of ours is not wanted | the server's signed word that all was done |
/// | what was pushed last | nothing until the identities change, then the difference | a failure |
///
/// Of others' records none is touched: below `dkim.` of the service domain all is ours, and at the
/// service domain itself each record is put and taken one by one.
package final class ServiceZoneKeeper: Sendable {
    private static let delaySecondsMin: Int64 = 10
    private static let delaySecondsMax: Int64 = 900

    /// How it stands.
    package struct Status: Sendable {
        /// When all that is wanted was there last.
        package var pushedAt: Timestamp?
        /// Why it is not known to be there now; nil where nothing is known to be wrong.
        package var failure: String?
        /// What somebody is to do about that.
        package var advice: String?
        package var nextTryAt: Timestamp?
    }

    /// What a turn did.
    package enum Outcome: Sendable, Equatable {
        case pushed(added: Int, removed: Int)
        /// `isNew`: the last try did not fail for the same reason.
        case failed(ZoneUpdateFailure, isNew: Bool, nextTryAt: Timestamp)
    }

    private struct State {
        var status = Status()
        var failure: ZoneUpdateFailure?
        var failures = 0
        /// The reading of the identities whose records are in the zone; nil: what is there is not
        /// known.
        var pushed: Int?
    }

    private let records: SendingRecords
    private let identities: SendingIdentities
    private let store: any PublishedRecordStore
    private let updater: any ZoneUpdater
    private let time: any TimeSource
    private let state = Mutex(State())

    package init(
        records: SendingRecords, identities: SendingIdentities, store: any PublishedRecordStore,
        updater: any ZoneUpdater, time: any TimeSource
    ) {
        self.records = records
        self.identities = identities
        self.store = store
        self.updater = updater
        self.time = time
    }

    package var status: Status { state.withLock(\.status) }

    /// Does what is due; nil where nothing is, or the task was cancelled. One turn at a time.
    package func turn() async throws(StorageFailure) -> Outcome? {
        let now = time.now()
        let reading = identities.reading
        let (pushed, nextTryAt) = state.withLock { ($0.pushed, $0.status.nextTryAt) }
        guard pushed != reading, !isLater(nextTryAt, than: now) else { return nil }
        let wanted = Set(records.zoneRecords(of: identities.records))
        let known = try await store.publishedRecords()
        let rows = Set(wanted.map(PublishedRecord.init))
        let stale = known.subtracting(rows)
        let fresh = pushed == nil ? rows : rows.subtracting(known)
        // What is in the zone and not known would stay there for good.
        try await store.insert(published: rows.subtracting(known))
        do throws(ZoneUpdateFailure) {
            let added = wanted.filter { fresh.contains(PublishedRecord($0)) }
            let groups = groups(added, stale, wanted)
            for batch in Self.batches(groups) { try await updater.apply(batch) }
        } catch {
            guard Task.isCancelled else { return failed(error) }
            state.withLock { $0.pushed = nil }
            return nil
        }
        try await store.remove(published: stale)
        state.withLock { state in
            state = State(status: Status(pushedAt: time.now()), pushed: reading)
        }
        guard !fresh.isEmpty || !stale.isEmpty else { return nil }
        return .pushed(added: fresh.count, removed: stale.count)
    }

    /// A clock that was set back holds nothing up.
    private func isLater(_ due: Timestamp?, than now: Timestamp) -> Bool {
        guard let due else { return false }
        return due > now && due <= now.advanced(bySeconds: Self.delaySecondsMax)
    }

    private func failed(_ failure: ZoneUpdateFailure) -> Outcome {
        let now = time.now()
        return state.withLock { state in
            let isNew = state.failure != failure
            state.failures += 1
            let delay = Self.delaySecondsMin << min(state.failures - 1, 10)
            let next = now.advanced(bySeconds: min(delay, Self.delaySecondsMax))
            state.failure = failure
            state.status.failure = failure.description
            state.status.advice = failure.advice
            state.status.nextTryAt = next
            state.pushed = nil
            return .failed(failure, isNew: isNew, nextTryAt: next)
        }
    }

    // MARK: Changes

    /// What is done at each name, which is not to be seen half done.
    private func groups(
        _ fresh: Set<ZoneRecord>, _ stale: Set<PublishedRecord>, _ wanted: Set<ZoneRecord>
    ) -> [[ZoneChange]] {
        let stale = Dictionary(grouping: stale, by: \.name)
        let fresh = Dictionary(grouping: fresh, by: \.name.ascii)
        let wanted = Dictionary(grouping: wanted, by: \.name.ascii)
        return Set(stale.keys).union(fresh.keys).sorted().map { name in
            let domain = Domain(validatedASCII: name)
            guard records.isOurs(domain) else {
                return (stale[name] ?? []).compactMap(\.removal)
                    + (fresh[name] ?? []).map(ZoneChange.add)
            }
            return [.removeAll(domain, .txt)] + (wanted[name] ?? []).map(ZoneChange.add)
        }
    }

    private static func batches(_ groups: [[ZoneChange]]) -> [[ZoneChange]] {
        var batches: [[ZoneChange]] = []
        for group in groups {
            if let last = batches.last, last.count + group.count <= UpdateMessage.changesMax {
                batches[batches.count - 1] += group
            } else {
                batches.append(group)
            }
        }
        return batches
    }
}

extension PublishedRecord {
    fileprivate init(_ record: ZoneRecord) {
        self.init(
            name: record.name.ascii, type: record.record.type.rawValue,
            data: record.record.wireData)
    }

    /// Nil for what we never put anywhere.
    fileprivate var removal: ZoneChange? {
        guard let type = DNSRecordType(rawValue: type),
            let record = try? DNSRecord(type, data: data)
        else { return nil }
        return .remove(Domain(validatedASCII: name), record)
    }
}
