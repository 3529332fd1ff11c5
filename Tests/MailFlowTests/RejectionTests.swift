import MailFlow
import MailModel
import NIOCore
import RuleEngine
import Storage
import TestSupport
import Testing

/// Rules that refuse mails, and what a session makes of them.
@Suite(.timeLimit(.minutes(1))) struct RejectionTests {
    private static let rules = """
        ruleSet: s
        rules:
          - name: friends
            recipients: [desk@ours.example]
            when:
              - mailFrom: friend@far.example
            actions: [stop]
          - name: strangers
            when:
              - mailFrom: eve@far.example
            actions:
              - reject: {code: 554, status: 5.7.0, text: "Not you, ${mailFrom}"}
          - name: subjects
            recipients: [desk@ours.example, shop@ours.example]
            when:
              - subject: {contains: lottery}
            actions:
              - reject: {}
          - name: forged
            recipients: [strict@ours.example]
            when:
              - dmarc: FAIL
            actions:
              - reject: {text: Forged}
          - name: closed
            recipients: [closed@ours.example]
            actions:
              - reject: {text: Closed}
          - name: all
            recipients: [desk@ours.example, strict@ours.example, shop@ours.example, ada@ours.example]
            actions: []
        """

    private static func receiving(judge: (any MailJudge)? = nil) async throws -> Receiving {
        try await Receiving(
            rules: try RuleDocument.read(rules, file: "s", catalogue: .unchecked), judge: judge)
    }

    private func admit(
        _ recipient: String, after recipients: [String] = [],
        from sender: String = "bob@far.example"
    ) async throws -> RecipientAdmission {
        let receiving = try await Self.receiving()
        let path = ReversePath.mailbox(try #require(Mailbox(sender)))
        return receiving.admit(.mailbox(try #require(Mailbox(recipient))), after: recipients) {
            $0.mailFrom = path
        }
    }

    private static func refusal(_ rule: String, _ text: String) -> Refusal {
        .byRule(
            rule, code: 550, status: EnhancedStatus(class: 5, subject: 7, detail: 1), text: text)
    }

    private static let envelopes: [(String, String, Refusal?)] = [
        ("desk@ours.example", "bob@far.example", nil),
        ("desk@ours.example", "friend@far.example", nil),
        ("closed@ours.example", "bob@far.example", refusal("closed", "Closed")),
        (
            "desk@ours.example", "eve@far.example",
            Refusal.byRule(
                "strangers", code: 554, status: EnhancedStatus(class: 5, subject: 7, detail: 0),
                text: "Not you, eve@far.example")
        ),
        // A rule that refuses makes nobody known, and postmaster is taken whatever the rules.
        ("nobody@ours.example", "bob@far.example", .recipientUnknown),
        ("postmaster@ours.example", "eve@far.example", nil),
    ]

    @Test(arguments: envelopes)
    func refusesAtRCPTWhatTheEnvelopeTells(
        _ recipient: String, _ sender: String, _ refusal: Refusal?
    ) async throws {
        let mailbox = try #require(Mailbox(recipient))
        #expect(
            try await admit(recipient, from: sender)
                == (refusal.map { .refused($0) } ?? .admitted(mailbox)))
    }

    /// Whom one answer at the end would be right for, and whom not.
    @Test(arguments: [
        ("shop@ours.example", ["desk@ours.example"], true),
        ("ada@ours.example", ["desk@ours.example"], false),
        ("desk@ours.example", ["ada@ours.example"], false),
        ("postmaster@ours.example", ["desk@ours.example"], false),
        ("postmaster@ours.example", ["ada@ours.example"], true),
        ("strict@ours.example", ["desk@ours.example"], false),
    ])
    func takesTogetherWhomTheSameRulesMayRefuse(
        _ recipient: String, _ others: [String], _ isTaken: Bool
    ) async throws {
        let mailbox = try #require(Mailbox(recipient))
        #expect(
            try await admit(recipient, after: others)
                == (isTaken ? .admitted(mailbox) : .refused(.otherRules)))
    }

    @Test(arguments: [10, 40_000])
    func leavesNothingOfWhatIsRefusedAtTheEnd(_ bytes: Int) async throws {
        let receiving = try await Self.receiving()
        let text = "Subject: Lottery\r\n\r\n" + String(repeating: "x", count: bytes)
        #expect(
            try await receiving.receive(text, to: ["desk@ours.example", "shop@ours.example"])
                == .refused(Self.refusal("subjects", "Not wanted here")))
        #expect(try receiving.bodies.all() == [])
        #expect(receiving.queue.take(1).isEmpty)
        // Who is in the mail for other reasons after all (the rules changed) is not refused with it.
        let mixed = try await receiving.receive(
            text, to: ["desk@ours.example", "ada@ours.example"])
        guard case .accepted = mixed else {
            Issue.record("refused: \(mixed)")
            return
        }
    }

    private static let byTime = """
        ruleSet: s
        rules:
          - name: day
            recipients: [day@ours.example]
            when:
              - time: {from: "09:00", to: "17:00"}
            actions:
              - reject: {}
          - name: night
            recipients: [night@ours.example]
            when:
              - time: {from: "17:00", to: "09:00"}
              - subject: x
            actions:
              - reject: {}
          - name: all
            actions: []
        """

    /// A mail whose recipients were asked about before nine, and whose data comes after it: rules say
    /// what they said.
    @Test(arguments: [("day@ours.example", false), ("night@ours.example", true)])
    func goesByTheTimeOfMAIL(_ recipient: String, _ isRefused: Bool) async throws {
        let receiving = try await Receiving(
            rules: try RuleDocument.read(Self.byTime, file: "s", catalogue: .unchecked))
        let secondsOfDay = receiving.time.now().milliseconds / 1_000 % 86_400
        receiving.time.advance(seconds: 86_400 + 9 * 3_600 - secondsOfDay)
        let begunAt = receiving.time.now().advanced(bySeconds: -1)
        let mailbox = try #require(Mailbox(recipient))
        #expect(
            receiving.admit(.mailbox(mailbox), begunAt: begunAt) == .admitted(mailbox))
        let outcome = try await receiving.receive(
            "Subject: x\r\n\r\n", to: [recipient], begunAt: begunAt)
        if case .refused = outcome { #expect(isRefused) } else { #expect(!isRefused) }
    }

    private struct Judge: MailJudge {
        let dmarc: VerdictRecord.Status

        func origin(of mail: MailRecord, _ content: MailContent) async -> VerdictRecord? {
            var verdicts = VerdictRecord()
            verdicts.dmarc = VerdictRecord.Finding(dmarc, result: "")
            verdicts.extent = .origin
            return verdicts
        }

        func judge(
            _ mail: MailRecord, _ content: MailContent, isScanned: Bool
        ) async -> Judgement {
            Issue.record("the session waits for everybody")
            return .later(VerdictRecord(), because: "")
        }
    }

    /// What could not be found out is what `whenUnknown` says: the rule is skipped.
    @Test(arguments: [
        (VerdictRecord.Status.fail, true), (.processingFailed, false), (.pass, false),
    ])
    func asksWhoSentIt(_ dmarc: VerdictRecord.Status, _ isRefused: Bool) async throws {
        let receiving = try await Self.receiving(judge: Judge(dmarc: dmarc))
        let outcome = try await receiving.receive("A: b\r\n\r\n", to: ["strict@ours.example"])
        #expect((outcome == .refused(Self.refusal("forged", "Forged"))) == isRefused)
    }
}
