import InboundSMTP
import Logging
import MailModel
import RuleEngine
import SMTPProtocol
import Storage
import TestSupport
import Testing

// `@testable`: the mail log is the daemon's own.
@testable import Daemon

/// One line for each accept, refusal and action, and its count.
@Suite struct MailLogTests {
    private let log = CollectedLog()
    private let metrics = ServerMetrics()
    private let peer = SessionPeer(address: "192.0.2.7")
    private static let id = MailID(at: ManualTime().now(), random: CountingRandom())

    private var mailLog: MailLog { MailLog(log: log.logger, metrics: metrics) }

    private func only() throws -> CollectedLog.Line {
        try #require(log.lines.count == 1)
        return log.lines[0]
    }

    private func envelope(tls: String?, from: String) throws -> ReceivedEnvelope {
        ReceivedEnvelope(
            mailFrom: Mailbox(from).map(ReversePath.mailbox) ?? .null,
            recipients: try ["a@ours.example", "b@ours.example"].map { try #require(Mailbox($0)) },
            helo: "client.example", peerAddress: "192.0.2.7", tls: tls, isExtended: true,
            isSMTPUTF8: false, is8BitMIME: false)
    }

    @Test func tellsOfAMailThatWasTaken() throws {
        mailLog.happened(
            .accepted(
                Self.id, try envelope(tls: "TLSv1.3", from: "ada@sender.example"), bytes: 1_234),
            peer: peer)
        let line = try only()
        #expect(line.message == "accepted")
        #expect(line.level == .info)
        #expect(
            line.metadata == [
                "mail": Self.id.text, "from": "<ada@sender.example>",
                "to": "<a@ours.example>,<b@ours.example>", "bytes": "1234", "name": "unknown",
                "peer": "192.0.2.7",
                "helo": "client.example", "tls": "TLSv1.3",
            ])
        #expect(
            metrics.text(gauges: []).contains("\nmartlet_mail_bytes_accepted_total 1234\n")
                || metrics.text(gauges: []).hasPrefix("# TYPE martlet_mail_bytes_accepted_total"))
    }

    @Test func tellsOfABounceInPlaintext() throws {
        mailLog.happened(.accepted(Self.id, try envelope(tls: nil, from: ""), bytes: 0), peer: peer)
        let line = try only()
        #expect(line.metadata["from"] == "<>")
        #expect(line.metadata["tls"] == "none")
    }

    @Test func tellsOfARefusal() throws {
        let reply = SMTPReply(550, EnhancedStatusCode(5, 1, 1), "No such user here")
        mailLog.happened(.refused(reply: reply, subject: "<x@ours.example>", rule: nil), peer: peer)
        let line = try only()
        #expect(line.message == "refused")
        #expect(
            line.metadata == [
                "reply": "550 5.1.1 No such user here", "about": "<x@ours.example>",
                "peer": "192.0.2.7",
            ])
        #expect(metrics.text(gauges: []).contains("martlet_refusals_total{code=\"550\"} 1\n"))
    }

    @Test func namesTheRuleThatRefuses() throws {
        let reply = SMTPReply(550, EnhancedStatusCode(5, 7, 1), "Not wanted here")
        mailLog.happened(.refused(reply: reply, subject: "a@b.example", rule: "spam"), peer: peer)
        #expect(try only().metadata["rule"] == "spam")
    }

    @Test func tellsOfWhatWasCutAndEnded() throws {
        mailLog.happened(.cut(mailFrom: .null, bytes: 17), peer: peer)
        mailLog.happened(
            .ended(because: SMTPReply(421, EnhancedStatusCode(4, 4, 2), "Too slow")), peer: peer)
        #expect(log.lines.map(\.message) == ["cut", "ended"])
        #expect(log.lines[0].metadata["bytes"] == "17")
        #expect(log.lines[1].metadata["reply"] == "421 4.4.2 Too slow")
        let text = metrics.text(gauges: [])
        #expect(text.contains("martlet_mails_cut_total 1\n"))
        #expect(text.contains("martlet_sessions_ended_total{code=\"421\"} 1\n"))
    }

    static let levels: [(ActionRecord.State, Logger.Level)] = [
        (.done, .info), (.retrying, .warning), (.dead, .error),
    ]

    @Test(arguments: levels)
    func tellsOfAnAction(_ state: ActionRecord.State, level: Logger.Level) throws {
        let now = ManualTime().now()
        mailLog.ended(
            ActionRecord(
                mail: Self.id, key: ActionKey(rule: "support", position: 2), kind: "store",
                state: state, attempts: 3, firstAttemptAt: now, lastAttemptAt: now,
                nextAttemptAt: nil, disposition: .continueOn, detail: "mail/x"))
        let line = try only()
        #expect(line.message == "action")
        #expect(line.level == level)
        #expect(
            line.metadata == [
                "mail": Self.id.text, "rule": "support", "action": "store/2",
                "state": state.rawValue, "attempt": "3", "detail": "mail/x",
            ])
        let count = "martlet_actions_total{kind=\"store\",state=\"\(state.rawValue)\"} 1\n"
        #expect(metrics.text(gauges: []).contains(count))
    }

    /// A journal that fails for many mails at once is one line that names some.
    @Test func tellsOfAJournalThatFailed() throws {
        let mails = [MailID](repeating: Self.id, count: 11)
        mailLog.journalFailed(mails, .syncFailed("fsync: Input/output error"))
        let line = try only()
        #expect(line.level == .error)
        #expect(line.metadata["mails"]?.split(separator: ",").count == 10)
        #expect(line.metadata["error"] == "a sync failed: fsync: Input/output error")
    }
}
