import Documents
import MailModel
import RuleEngine
import Testing

/// What is said never to happen never does, whatever mails come and handlers answer.
@Suite struct RuleReachTests {
    private static let mailBytesMax = 100

    @Test func whatIsSaidNeverToHappenNeverDoes() async throws {
        var random = try RandomRules()
        var kinds: [String: Int] = [:]
        for _ in 0..<1_000 {
            // Other tests wait for this thread.
            await Task.yield()
            let ruleSet = random.ruleSet()
            let findings = RuleReach.findings(in: ruleSet, mailBytesMax: Self.mailBytesMax)
            for finding in findings { kinds[Self.kind(finding.message), default: 0] += 1 }
            guard !findings.isEmpty else { continue }
            let evaluator = RuleEvaluator(ruleSet: ruleSet)
            for _ in 0..<8 {
                let facts = random.mail(bytesMax: Self.mailBytesMax)
                var answers = HandlerAnswers()
                answers.note(HandlerAnswer(random.disposition()), of: "h", for: nil)
                let dry = evaluator.trace(dryRun: facts, answers: answers, isDuty: Self.isDuty)
                let done = Self.played(facts, evaluator, &random)
                for trace in [dry, done] { Self.expect(findings, ruleSet, trace, facts) }
            }
        }
        // Each kind of finding was put to the test, not only the most frequent.
        for kind in Self.kinds { #expect(kinds[kind, default: 0] > 3, "\(kinds)") }
    }

    /// Words of each kind of message.
    private static let kinds = [
        "never hold at once", "never holds", "never done", "limits.mailBytesMax", "is refused by",
        "is taken and stopped by",
    ]

    private static func kind(_ message: String) -> String {
        kinds.first { message.contains($0) } ?? "other"
    }

    private static func isDuty(_ mailbox: Mailbox) -> Bool {
        mailbox.foldedLocalPart == "postmaster"
    }

    /// How it goes with a mail that comes: who refuses it, and then each action, with any answer.
    private static func played(
        _ facts: MailFacts, _ evaluator: RuleEvaluator, _ random: inout RandomRules
    ) -> [RuleTrace] {
        var kept = facts
        kept.recipients = facts.recipients.filter { recipient in
            var alone = facts
            alone.recipients = [recipient]
            return isDuty(recipient) || !isRefused(alone, evaluator, &random)
        }
        var standings: [ActionKey: ActionStanding] = [:]
        for _ in 0..<100 {
            let evaluation = evaluator.evaluate(kept) { standings[$0] }
            if evaluation.isFinished { break }
            for planned in evaluation.next { standings[planned.key] = .retrying }
            for (key, standing) in standings where standing == .retrying && random.isLikely(60) {
                let isAsked = evaluator.handler(of: key) != nil
                standings[key] =
                    random.isLikely(10)
                    ? .givenUp : .ended(isAsked ? random.disposition() : .continueOn)
            }
        }
        return evaluator.trace(kept) { standings[$0] }
    }

    private static func isRefused(
        _ facts: MailFacts, _ evaluator: RuleEvaluator, _ random: inout RandomRules
    ) -> Bool {
        var silent: Set<Int> = []
        while true {
            switch evaluator.rejectionDecision(facts, besides: silent) {
            case .taken: return false
            case .refused: return true
            case .asked(let rule, _, _):
                if random.isLikely(30) { return true }
                silent.insert(rule)
            }
        }
    }

    private static func expect(
        _ findings: [RuleReach.Finding], _ ruleSet: ReceiptRuleSet, _ traces: [RuleTrace],
        _ facts: MailFacts
    ) {
        for finding in findings {
            let trace = traces[finding.rule]
            if let action = finding.action {
                let isDone = trace.actions.contains {
                    $0.position >= action && $0.standing != RuleTrace.Action.notReached
                }
                #expect(!isDone, "\(finding.message)\n\(RuleDocument.text(of: ruleSet))\(facts)")
            } else {
                #expect(
                    trace.answer != .took,
                    "\(finding.message)\n\(RuleDocument.text(of: ruleSet))\(facts)")
            }
        }
    }
}
