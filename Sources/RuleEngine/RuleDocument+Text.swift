import MailModel

extension RuleDocument {
    /// `ruleSet` as a YAML file that reads back to the same set.
    package static func text(of ruleSet: ReceiptRuleSet) -> String {
        var text = "ruleSet: \(DocumentText.quoted(ruleSet.name))\n"
        if ruleSet.isPerRecipient { text += "evaluate: per-recipient\n" }
        text += ruleSet.rules.isEmpty ? "rules: []\n" : "rules:\n"
        for rule in ruleSet.rules {
            text += "  - name: \(DocumentText.quoted(rule.name))\n"
            let entries = entries(of: rule)
            for key in ruleKeys {
                let values = entries.filter { $0.key == key }
                if !listKeys.contains(key) {
                    for value in values { text += "    \(key): \(value.text)\n" }
                } else if !values.isEmpty {
                    text += "    \(key):\n"
                    for value in values { text += "      - \(value.text)\n" }
                }
            }
            if rule.actions.isEmpty { text += "    actions: []\n" }
        }
        return text
    }

    /// Something that a rule says, on one line, and the key under which it stands.
    struct Entry: Equatable {
        var key: String
        var text: String
    }

    /// What a rule says beside its name, in the order in which files have it.
    static let ruleKeys = [
        "enabled", "recipients", "tls", "scan", "when", "unless", "whenUnknown", "actions",
    ]
    /// Those behind which a list stands.
    private static let listKeys = ["recipients", "when", "unless", "actions"]

    /// All that `rule` says beside its name and what is so by default.
    static func entries(of rule: ReceiptRule) -> [Entry] {
        var entries: [Entry] = []
        func add(_ key: String, _ texts: [String]) {
            entries += texts.map { Entry(key: key, text: $0) }
        }
        if !rule.isEnabled { add("enabled", ["false"]) }
        add("recipients", rule.recipients.map(entry))
        if rule.tlsPolicy == .require { add("tls", ["require"]) }
        if rule.isScanEnabled { add("scan", ["true"]) }
        add("when", rule.conditions?.when.map(\.documentText) ?? [])
        add("unless", rule.conditions?.unless.map(\.documentText) ?? [])
        if rule.conditions?.whenUnknown == .take { add("whenUnknown", ["take"]) }
        add("actions", rule.actions.map(line))
        return entries
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
