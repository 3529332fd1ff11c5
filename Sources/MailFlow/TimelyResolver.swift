import DNS
import MailModel

/// The resolver of those who authenticate mails: it asks for none of them longer than a limit,
/// whatever names its sender has chosen, and how slow their servers are.
struct TimelyResolver: DNSResolver {
    /// No question is asked after that for one mail.
    static let secondsMax: Int64 = 60

    /// When the time of the mail at hand is over; each task that asks for it inherits that.
    @TaskLocal private static var deadline: Timestamp?

    let resolver: any DNSResolver
    let time: any TimeSource

    /// `body`, with its questions in time.
    func bounded<Value: Sendable>(_ body: () async -> Value) async -> Value {
        let deadline = time.now().advanced(bySeconds: Self.secondsMax)
        return await Self.$deadline.withValue(deadline) { await body() }
    }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        if let deadline = Self.deadline, time.now() > deadline { throw .timedOut }
        return try await resolver.ask(name, type)
    }
}
