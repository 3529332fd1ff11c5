import Storage
import Synchronization

/// Counters by Prometheus' names and labels; text on demand. One lock and one dictionary: a few
/// entries a mail.
final class ServerMetrics: Sendable {
    private let counters = Mutex<[String: Int]>([:])

    func add(_ name: String, _ amount: Int = 1) {
        counters.withLock { $0[name, default: 0] += amount }
    }

    /// Prometheus' text format, version 0.0.4, with the gauges given.
    func text(gauges: [(name: String, value: Int)]) -> String {
        var text = ""
        var typed: Set<String> = []
        let sorted = counters.withLock { $0.sorted { $0.key < $1.key } }
        for (name, value) in sorted {
            let base = String(name.prefix { $0 != "{" })
            if typed.insert(base).inserted { text += "# TYPE \(base) counter\n" }
            text += "\(name) \(value)\n"
        }
        for (name, value) in gauges {
            let base = String(name.prefix { $0 != "{" })
            if typed.insert(base).inserted { text += "# TYPE \(base) gauge\n" }
            text += "\(name) \(value)\n"
        }
        return text
    }
}
