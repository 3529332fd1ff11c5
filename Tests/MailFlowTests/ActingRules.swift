import RuleEngine

/// What suites of the runner write their rules with.
protocol ActingRules {}

extension ActingRules {
    func rule(
        _ name: String, _ actions: [ReceiptAction], scans: Bool = false
    ) -> ReceiptRule {
        ReceiptRule(
            name: name, isEnabled: true, tlsPolicy: .optional, recipients: [], actions: actions,
            isScanEnabled: scans)
    }

    func store(
        _ prefix: String? = nil, onFailure: ReceiptAction.FailurePolicy = .hold
    ) -> ReceiptAction {
        .store(bucket: "mail", prefix: prefix, topic: nil, onFailure: onFailure)
    }

    func invoke(
        _ handler: String, _ type: ReceiptAction.InvocationType = .requestResponse,
        onFailure: ReceiptAction.FailurePolicy = .hold
    ) -> ReceiptAction {
        .invoke(handler: handler, type: type, topic: nil, onFailure: onFailure)
    }
}
