package import DNS
package import MailModel
import Synchronization

/// A resolver that knows what a test has written into it, and fails as the test says.
package final class ZoneResolver: DNSResolver {
    private struct State {
        var answers: [String: Result<DNSAnswer, DNSFailure>] = [:]
        var asked: [String] = []
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let others: Result<DNSAnswer, DNSFailure>

    /// `others` is said of what was never written: that it does not exist.
    package init(others: Result<DNSAnswer, DNSFailure> = .success(DNSAnswer(.noSuchName))) {
        self.others = others
    }

    package func put(_ name: String, _ type: DNSRecordType, _ records: [DNSRecord]) {
        put(name, type, .success(DNSAnswer(.records(records))))
    }

    package func put(
        _ name: String, _ type: DNSRecordType, _ answer: Result<DNSAnswer, DNSFailure>
    ) {
        state.withLock { $0.answers["\(type) \(name)"] = answer }
    }

    /// Every question so far: `txt _amazonses.example.com`.
    package var asked: [String] { state.withLock { $0.asked } }

    /// Answers nothing until `letGo`.
    package func hold() { state.withLock { $0.isHeld = true } }

    package func letGo() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    package func ask(
        _ name: Domain, _ type: DNSRecordType
    ) async throws(DNSFailure) -> DNSAnswer {
        let question = "\(type) \(name)"
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                state.asked.append(question)
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        let answer = state.withLock { $0.answers[question] }
        return try (answer ?? others).get()
    }
}

extension DNSRecord {
    /// A TXT record with these strings.
    package static func txt(_ strings: String...) -> DNSRecord {
        .text(strings.map { Array($0.utf8) })
    }
}
