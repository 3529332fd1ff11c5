import MailModel
import OutboundSMTP
import Storage
import Synchronization

/// Counts how connections to exchangers were secured, failures by their kind: for the metrics, and
/// by day for reports. What is noted stays in memory until `write`, so that no delivery waits.
/// RFC 8460 §4
final class TLSResultRecord: TLSResultLog {
    private let metrics: ServerMetrics
    private let store: any TLSResultStore
    private let time: any TimeSource
    private let rowsMax: Int
    /// At most `rowsMax` keys, and those for others.
    private let waiting = Mutex<[TLSResultCount.Key: Int]>([:])

    init(
        metrics: ServerMetrics, store: any TLSResultStore, time: any TimeSource,
        rowsMax: Int = TLSResultCount.rowsMax
    ) {
        self.metrics = metrics
        self.store = store
        self.time = time
        self.rowsMax = rowsMax
    }

    func note(_ result: TLSResult) {
        let (policy, name): (TLSResultCount.Policy, String) =
            switch result.policy {
            case .none: (.none, "none")
            case .tlsa: (.tlsa, "dane")
            case .sts: (.sts, "mta-sts")
            }
        let outcome = result.failure?.kind.rawValue
        metrics.add(
            "martlet_outbound_tls_total{policy=\"\(name)\",outcome=\"\(outcome ?? "secured")\"}")
        let key = TLSResultCount.Key(
            day: TLSResultCount.day(of: time.now()), domain: result.domain.ascii, policy: policy,
            host: result.host?.ascii ?? "", failure: outcome ?? "")
        waiting.withLock { add(1, of: key, to: &$0) }
    }

    /// Into the store; what it did not take waits for the next time.
    func write() async throws(StorageFailure) {
        let counts = waiting.withLock { waiting in
            defer { waiting = [:] }
            return waiting.map { TLSResultCount($0.key, sessions: $0.value) }
        }
        do throws(StorageFailure) {
            try await store.add(counts, rowsMax: rowsMax)
        } catch {
            waiting.withLock { waiting in
                for count in counts { add(count.sessions, of: count.key, to: &waiting) }
            }
            throw error
        }
    }

    private func add(
        _ sessions: Int, of key: TLSResultCount.Key, to waiting: inout [TLSResultCount.Key: Int]
    ) {
        let hasRoom = waiting.count < rowsMax || waiting[key] != nil
        waiting[hasRoom ? key : .others(on: key.day), default: 0] += sessions
    }
}
