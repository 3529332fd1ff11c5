import MailModel

extension RuleDocument {
    /// `ruleSet` as a YAML file that reads back to the same set.
    package static func text(of ruleSet: ReceiptRuleSet) -> String {
        var text = "ruleSet: \(DocumentText.quoted(ruleSet.name))\n"
        if ruleSet.isPerRecipient { text += "evaluate: per-recipient\n" }
        text += ruleSet.rules.isEmpty ? "rules: []\n" : "rules:\n"
        for rule in ruleSet.rules {
            text += "  - name: \(DocumentText.quoted(rule.name))\n"
            if !rule.isEnabled { text += "    enabled: false\n" }
            if !rule.recipients.isEmpty {
                text += "    recipients:\n"
                for recipient in rule.recipients { text += "      - \(entry(recipient))\n" }
            }
            if rule.tlsPolicy == .require { text += "    tls: require\n" }
            if rule.isScanEnabled { text += "    scan: true\n" }
            text += rule.conditions?.documentText ?? ""
            text += rule.actions.isEmpty ? "    actions: []\n" : "    actions:\n"
            for action in rule.actions { text += "      - \(line(action))\n" }
        }
        return text
    }

    private static func entry(_ recipient: RecipientCondition) -> String {
        let text = DocumentText.quoted(recipient.text)
        if case .matches = recipient { return DocumentText.mapping([("matches", text)]) }
        return text
    }

    private static func line(_ action: ReceiptAction) -> String {
        let values: [(String, String?)]
        switch action {
        case .store(let bucket, let prefix, let topic, let onFailure):
            values = [
                ("bucket", bucket), ("prefix", prefix), ("topic", topic),
                ("onFailure", onFailure == .goOn ? "goOn" : nil),
            ]
        case .invoke(let handler, let type, let topic, let onFailure):
            values = [
                ("handler", handler), ("type", type.rawValue), ("topic", topic),
                ("onFailure", onFailure == .goOn ? "goOn" : nil),
            ]
        case .notify(let topic, let encoding):
            values = [("topic", topic), ("encoding", encoding.rawValue)]
        case .reject(let code, let status, let text, let asking):
            values = [
                ("code", "\(code)"), ("status", status.description), ("text", text),
                ("handler", asking?.handler),
                ("timeoutSeconds", asking.map { "\($0.timeoutSeconds)" }),
                ("onFailure", asking?.onFailure.rawValue),
            ]
        case .forward(let targets, let identity, let author):
            var entries = [("to", DocumentText.list(targets))]
            if let identity { entries.append(("as", DocumentText.quoted(identity))) }
            if author == .rewrite { entries.append(("from", "rewrite")) }
            return "forward: \(DocumentText.mapping(entries))"
        case .bounce(let bounce): return "bounce: \(bounce.documentText)"
        case .reply(let reply): return "reply: \(reply.documentText)"
        case .relay(let relay): values = [("to", relay)]
        case .deliver(let maildir): values = [("maildir", maildir)]
        case .webhook(let webhook): values = [("to", webhook)]
        case .addHeader(let name, let value): values = [("name", name), ("value", value)]
        case .removeHeader(let name): values = [("name", name)]
        case .tag(let name, let value): values = [("name", name), ("value", value)]
        case .quarantine(let reason): values = [("reason", reason)]
        case .stop(let topic): values = [("topic", topic)]
        case .drop: return "drop"
        }
        let given = values.compactMap { key, value in
            value.map { (key, DocumentText.quoted($0)) }
        }
        return "\(action.kind): \(DocumentText.mapping(given))"
    }
}
