import DNS
import MailModel

/// Lists a few names, has none of what never is listed, and never answers anything else.
final class StuckResolver: DNSResolver {
    private let answering: Set<String>
    private let (asked, continuation) = AsyncStream<Void>.makeStream()

    init(answering: Set<String>) {
        self.answering = answering
    }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        continuation.yield()
        if name.ascii.hasPrefix("1.0.0.127.") { return DNSAnswer(.noSuchName) }
        if answering.contains(name.ascii), let listed = IPAddress("127.0.0.2") {
            return DNSAnswer(.records([.address(listed)]))
        }
        let (never, _) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        throw .cancelled
    }

    /// Returns when so many more questions have come.
    func untilAsked(_ count: Int) async {
        var left = count
        for await _ in asked {
            left -= 1
            if left == 0 { return }
        }
    }
}
