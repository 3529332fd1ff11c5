import Foundation
import MailModel
import RuleEngine

/// What 200 rules make of a mail that was read: every one is for its recipient and asks something, 20
/// of its header, the others of its peer and sender; the last takes it.
struct EvaluateRules: Work {
    private static let rules = 200
    private static let headerRules = 20

    private let evaluator: RuleEvaluator
    private let facts: MailFacts

    init(_ folder: MailFolder) throws {
        var text = "ruleSet: bench\nrules:\n"
        for number in 0..<Self.rules {
            text += "  - name: rule-\(number)\n    recipients: [bench.example]\n    when:\n"
            text += "      - \(Self.condition(number))\n"
            text += "    actions: [{notify: {topic: received}}]\n"
        }
        evaluator = RuleEvaluator(
            ruleSet: try RuleDocument.read(text, file: "bench", catalogue: .unchecked))
        guard let recipient = Mailbox("user@bench.example"),
            let sender = Mailbox("ada@sender.example"), let peer = IPAddress("192.0.2.7"),
            let mail = folder.mails.first
        else { throw WrongOutcome(text: "there is no mail") }
        var facts = MailFacts(recipients: [recipient], isTLS: true)
        facts.mailFrom = .known(.mailbox(sender))
        facts.peerAddress = .known(peer)
        facts.read(mail, for: evaluator.needs, guesser: nil)
        self.facts = facts
    }

    private static func condition(_ number: Int) -> String {
        if number == rules - 1 { return "subject: {contains: invoice}" }
        guard number % (rules / headerRules) == 0 else {
            return number % 2 == 0
                ? "mailFrom: {endsWith: '@sender-\(number).example'}"
                : "peer: [198.51.100.\(number)/32, 203.0.113.0/24]"
        }
        return switch number / (rules / headerRules) % 4 {
        case 0: "subject: {matches: '^ticket #(?P<id>[0-9]+)'}"
        case 1: "header: {name: List-Id, contains: list-\(number)}"
        case 2: "fromDomain: [sender-\(number).example, other.example]"
        default: "header: {name: X-Mailer, startsWith: mailer-\(number)}"
        }
    }

    func run(_ mail: [UInt8]) throws {
        let evaluation = evaluator.evaluate(facts) { _ in nil }
        guard evaluation.next.map(\.key.rule) == ["rule-\(Self.rules - 1)"] else {
            throw WrongOutcome(text: "\(evaluation.next.map(\.key.rule))")
        }
    }
}
