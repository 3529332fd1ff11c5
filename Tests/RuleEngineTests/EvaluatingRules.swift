import MailModel
import RuleEngine

/// What suites that ask an evaluator write their rules with.
protocol EvaluatingRules {}

extension EvaluatingRules {
    static func mailbox(_ text: String) -> Mailbox {
        Mailbox(text) ?? Mailbox(validatedLocalPart: "?", domain: Domain(validatedASCII: "?"))
    }

    static func rule(
        _ name: String, _ recipients: [String] = [], _ actions: [ReceiptAction] = [],
        isEnabled: Bool = true, tls: ReceiptRule.TLSPolicy = .optional, scans: Bool = false
    ) -> ReceiptRule {
        ReceiptRule(
            name: name, isEnabled: isEnabled, tlsPolicy: tls,
            recipients: recipients.compactMap { try? RecipientCondition(parsing: $0) },
            actions: actions, isScanEnabled: scans)
    }

    static func evaluator(_ rules: [ReceiptRule]) -> RuleEvaluator {
        RuleEvaluator(ruleSet: ReceiptRuleSet(name: "test", rules: rules))
    }

    static var store: ReceiptAction {
        .store(bucket: "b", prefix: nil, topic: nil, onFailure: .hold)
    }
    static var storeGoingOn: ReceiptAction {
        .store(bucket: "b", prefix: nil, topic: nil, onFailure: .goOn)
    }
    static var ask: ReceiptAction {
        .invoke(handler: "h", type: .requestResponse, topic: nil, onFailure: .hold)
    }
    static var askGoingOn: ReceiptAction {
        .invoke(handler: "h", type: .requestResponse, topic: nil, onFailure: .goOn)
    }
    static var tell: ReceiptAction {
        .invoke(handler: "h", type: .event, topic: nil, onFailure: .hold)
    }
    static var notify: ReceiptAction { .notify(topic: "t", encoding: .utf8) }
    static var stop: ReceiptAction { .stop(topic: nil) }
    static var stopTold: ReceiptAction { .stop(topic: "t") }
}
