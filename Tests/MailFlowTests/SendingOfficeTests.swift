import DeliveryQueue
import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import Storage
import Testing

/// What follows from the end of a try.
@Suite(.timeLimit(.minutes(1))) struct SendingOfficeTests {
    private static let host = IPAddress("192.0.2.9").map {
        RemoteHost(name: "mx.far.example", address: $0)
    }

    private static func refused(
        _ code: Int, _ status: EnhancedStatusCode, _ words: String
    ) -> DeliveryProblem {
        let line = "\(status) \(words)"
        return DeliveryProblem(
            .mail, status: status,
            reply: RemoteReply(code: code, enhanced: status, lines: [line]),
            detail: "mx.far.example [192.0.2.9] refused RCPT: \(code) \(line)")
    }

    private static func failed(_ problem: DeliveryProblem) -> TryEnding {
        .failed(problem, DeliveryAttempt(.failed(problem), remote: host))
    }

    /// The text of a report.
    private static func text(_ report: AcceptedSending) -> String {
        String(buffer: report.mail.head) + String(buffer: report.body ?? ByteBuffer())
    }

    private static func lines(_ report: AcceptedSending) -> [String] {
        text(report).split(separator: "\r\n").map(String.init)
    }

    // MARK: Refusals

    /// The code says that it is over, the status that the address is not to blame for good.
    @Test(arguments: [
        (EnhancedStatusCode(4, 2, 2), "mailbox full", "Bounce Transient/MailboxFull", false),
        (EnhancedStatusCode(4, 1, 1), "user unknown", "Bounce Transient/General", false),
        (EnhancedStatusCode(4, 3, 0), "no", "Bounce Transient/General", false),
        (EnhancedStatusCode(5, 1, 1), "user unknown", "Bounce Permanent/General", true),
    ])
    func aStatusOfTheOtherClassIsNoHardBounce(
        _ status: EnhancedStatusCode, _ words: String, _ kind: String, isListed: Bool
    ) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let consequences = acting.office.consequences(
            of: Self.failed(Self.refused(550, status, words)), for: queued)
        #expect(consequences.suppressions.isEmpty != isListed)
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == [kind])
        let told = try #require(try await acting.bouncedRecipients().first)
        #expect(told["status"] as? String == "\(status)")
        #expect(told["diagnosticCode"] as? String == "smtp; 550 \(status) \(words)")
        let report = try #require(consequences.reports.first)
        let lines = Self.lines(report)
        #expect(lines.contains("Action: failed"))
        #expect(lines.contains("Status: \(status)"))
        #expect(lines.contains("Diagnostic-Code: smtp; 550 \(status) \(words)"))
    }
}
