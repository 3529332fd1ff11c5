import MailModel
import RuleEngine

extension FuzzTarget {
    private static let asking: ReceiptRuleSet? = try? RuleDocument.read(
        """
        ruleSet: fuzz
        rules:
          - name: taken
            when:
              - body: {matches: '(?s)^(?P<text>.*)$'}
            actions:
              - addHeader: {name: X, value: "${text}|${subject}|${fromDomain}"}
              - store: {bucket: b, prefix: "a/${text}/${subject}/${fromDomain}/"}
          - name: asked
            when:
              - any:
                  - all: [{subject: {contains: x}}, {from: {like: "*@*"}}, {to: {startsWith: a}}]
                  - header: {name: X-Any, endsWith: b}
                  - attachment: {name: {matches: "e"}, type: text/plain, size: {above: 3}}
                  - attachmentCount: {atLeast: 2}
            unless:
              - fromDomain: {exists: false}
            actions:
              - stop
        """, file: "fuzz", catalogue: .unchecked)

    /// Whatever a mail holds, its conditions have an answer, the trace tells the same story as the
    /// evaluation, and nothing of the mail leaves its folder or its line.
    static let conditions = FuzzTarget("conditions") { bytes in
        guard let asking, let recipient = Mailbox("a@example.com") else {
            throw FuzzFind("the rules do not load")
        }
        var facts = MailFacts(recipients: [recipient], isTLS: false)
        let evaluator = RuleEvaluator(ruleSet: asking)
        facts.read(bytes, for: evaluator.needs, guesser: nil)
        let evaluation = evaluator.evaluate(facts) { _ in nil }
        let trace = evaluator.trace(facts) { _ in nil }
        try require(
            trace[0].answer == .took && evaluation.isTaken, "a rule for every text was not taken")
        let took = trace.filter { $0.answer == .took }.map(\.rule)
        try require(
            Set(evaluation.next.map(\.key.rule)).isSubset(of: took), "a rule took it unseen")
        for action in evaluation.next {
            for line in action.addedHeaders {
                try require(line.utf8.allSatisfy { $0 >= 32 && $0 < 127 }, "a header is no line")
            }
            guard case .store(_, let prefix?, _, _) = action.action else { continue }
            let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
            try require(
                parts.count == 5
                    && parts.dropLast().allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") },
                "the key “\(prefix)” leaves its folder")
        }
        for condition in trace.flatMap(\.conditions) {
            try require(
                !condition.value.utf8.contains { $0 == 10 || $0 == 13 }, "a value is no line")
        }
    }
}
