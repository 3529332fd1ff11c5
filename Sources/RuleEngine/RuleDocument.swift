package import Documents

/// A rule set as a YAML file under `rules/`. Loads whole or not at all: every problem is named
/// with file, line and near miss.
package struct RuleDocument {
    /// Limits of a set. SES's own are 200 rules of 10 actions; ours are wider.
    package static let rulesMax = 1_000
    package static let recipientsMax = 1_000
    package static let actionsMax = 50

    /// Reads `text`, which came from `file`. What actions refer to has to stand in `catalogue`.
    package static func read(
        _ text: String, file: String, catalogue: RuleCatalogue
    ) throws(DocumentProblems) -> ReceiptRuleSet {
        let reader = DocumentReader(file: file, text: text)
        var ruleSet = ReceiptRuleSet(name: "", rules: [])
        if let root = reader.root(keys: ["ruleSet", "evaluate", "rules"]) {
            ruleSet.name = RuleValues.name(root.required("ruleSet")) ?? ""
            ruleSet.isPerRecipient =
                root["evaluate"]?.choice([("per-mail", false), ("per-recipient", true)]) ?? false
            ruleSet.rules = RuleValues.rules(root.required("rules")) { rule($0, catalogue) }
            let names = ruleSet.listNames
            if !names.isEmpty { ruleSet.lists = catalogue.lists.filter { names.contains($0.key) } }
        }
        try reader.finish()
        return ruleSet
    }

    private static func rule(_ value: DocumentValue, _ catalogue: RuleCatalogue) -> ReceiptRule? {
        let keys =
            ["name", "recipients", "tls", "scan", "enabled", "actions"] + ConditionDocument.keys
        guard let mapping = value.mapping(keys: keys) else { return nil }
        var rule = ReceiptRule(
            name: RuleValues.name(mapping.required("name")) ?? "",
            isEnabled: mapping.bool("enabled") ?? true,
            tlsPolicy: mapping["tls"]?.choice([
                ("optional", .optional), ("require", .require),
            ]) ?? .optional,
            recipients: RuleValues.recipients(mapping["recipients"], allowsPatterns: true),
            conditions: ConditionDocument(lists: catalogue.lists.keys.sorted()).read(mapping),
            actions: [],
            isScanEnabled: mapping.bool("scan") ?? false)
        for name in rule.groupNames where TemplateFact(rawValue: name) != nil {
            value.noteWhole("a group cannot be called “\(name)”, which every mail has")
        }
        let values = RuleValues(
            catalogue: catalogue,
            templateNames: TemplateFact.allCases.map(\.rawValue) + rule.groupNames)
        rule.actions = RuleValues.actions(mapping.required("actions")) { action($0, values) }
        if rule.rejects, rule.actions.count > 1 {
            mapping["actions"]?.noteWhole(
                "“reject” stands alone: nothing else is done with what is refused")
        }
        return rule
    }

    static let actionNames = [
        "store", "invoke", "notify", "forward", "relay", "deliver", "webhook", "bounce", "reply",
        "reject", "addHeader", "removeHeader", "tag", "quarantine", "stop", "drop",
    ]
    /// Those that may stand there as their name alone.
    private static let plainActions: [String: ReceiptAction] = [
        "quarantine": .quarantine(reason: nil), "stop": .stop(topic: nil), "drop": .drop,
    ]

    /// An action that is one of `names`.
    static func action(
        _ value: DocumentValue, _ values: RuleValues, of names: [String] = actionNames
    ) -> ReceiptAction? {
        if value.isScalar { return plainAction(value, of: names) }
        guard let mapping = value.mapping(keys: names) else { return nil }
        guard let name = mapping.keys.first, mapping.keys.count == 1 else {
            if mapping.keys.count > 1 {
                value.note(
                    "found \(mapping.keys.joined(separator: " and ")) in one, expected one action: "
                        + "each stands behind a “-” of its own")
            } else if !mapping.hasUnknownKeys {
                value.note(oneOf(names))
            }
            return nil
        }
        if let plain = plainActions[name], mapping[name] == nil { return plain }
        guard let arguments = mapping.required(name) else { return nil }
        switch name {
        case "store": return store(arguments, values)
        case "invoke": return invoke(arguments, values)
        case "notify": return notify(arguments, values)
        case "forward": return forward(arguments, values)
        case "reject": return reject(arguments, values)
        case "bounce": return ReceiptBounce(reading: arguments, values).map { .bounce($0) }
        case "reply": return ReceiptReply(reading: arguments, values).map { .reply($0) }
        case "relay": return relay(arguments, values)
        case "deliver":
            guard let deliver = arguments.mapping(keys: ["maildir"]) else { return nil }
            return .deliver(maildir: values.maildir(deliver.required("maildir")) ?? "")
        case "webhook":
            guard let webhook = arguments.mapping(keys: ["to"]) else { return nil }
            return .webhook(to: values.webhook(webhook.required("to")) ?? "")
        case "addHeader": return addHeader(arguments, values)
        case "removeHeader": return removeHeader(arguments)
        case "tag": return tag(arguments, values)
        case "quarantine":
            guard let quarantine = arguments.mapping(keys: ["reason"]) else { return nil }
            return .quarantine(
                reason: quarantine["reason"].flatMap {
                    RuleValues.line($0, "a reason", bytesMax: 200)
                })
        case "drop":
            arguments.note("nothing stands behind “drop”")
            return nil
        default:
            guard let stop = arguments.mapping(keys: ["topic"]) else { return nil }
            return .stop(topic: values.topic(stop["topic"]))
        }
    }

    private static func oneOf(_ names: [String]) -> String {
        "an action is one of \(names.joined(separator: ", "))"
    }

    /// An action that is its name alone.
    private static func plainAction(_ value: DocumentValue, of names: [String]) -> ReceiptAction? {
        guard !value.isNull, let text = value.string() else {
            value.note("nothing stands here: \(oneOf(names))")
            return nil
        }
        if names.contains(text) {
            if let plain = plainActions[text] { return plain }
            value.note("“\(text)” has nothing behind it")
        } else if let near = NearMiss.of(text, among: names) {
            value.note("“\(text)” is no action; did you mean “\(near)”?")
        } else {
            value.note("“\(text)” is no action: \(oneOf(names))")
        }
        return nil
    }

    private static let failurePolicies: [(String, ReceiptAction.FailurePolicy)] = [
        ("hold", .hold), ("goOn", .goOn),
    ]

    private static func store(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let store = value.mapping(keys: ["bucket", "prefix", "topic", "onFailure"]) else {
            return nil
        }
        return .store(
            bucket: values.bucket(store.required("bucket")) ?? "",
            prefix: values.prefix(store["prefix"]), topic: values.topic(store["topic"]),
            onFailure: store["onFailure"]?.choice(failurePolicies) ?? .hold)
    }

    private static func invoke(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let invoke = value.mapping(keys: ["handler", "type", "topic", "onFailure"]) else {
            return nil
        }
        return .invoke(
            handler: values.handler(invoke.required("handler")) ?? "",
            type: invoke["type"]?.choice([
                ("RequestResponse", .requestResponse), ("Event", .event),
            ]) ?? .requestResponse,
            topic: values.topic(invoke["topic"]),
            onFailure: invoke["onFailure"]?.choice(failurePolicies) ?? .hold)
    }

    private static func notify(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let notify = value.mapping(keys: ["topic", "encoding"]) else { return nil }
        return .notify(
            topic: values.topic(notify.required("topic")) ?? "",
            encoding: notify["encoding"]?.choice([("UTF-8", .utf8), ("Base64", .base64)]) ?? .utf8)
    }

    /// Targets of one action. SES: 50 recipients of a mail
    private static let targetsMax = 50

    private static func forward(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let forward = value.mapping(keys: ["to", "as", "from"]) else {
            return nil
        }
        values.requireSending(value)
        let entries = forward.required("to").map(ConditionDocument.oneOrMore) ?? []
        if entries.count > targetsMax {
            value.noteWhole("\(entries.count) addresses; at most \(targetsMax) stand in a forward")
        }
        return .forward(
            to: entries.compactMap { values.target($0) },
            identity: forward["as"].flatMap { RuleValues.address($0) },
            author: forward["from"]?.choice([("keep", .keep), ("rewrite", .rewrite)]) ?? .keep)
    }

    private static func relay(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let relay = value.mapping(keys: ["to"]) else { return nil }
        values.requireSending(value)
        return .relay(to: values.relay(relay.required("to")) ?? "")
    }

    private static func addHeader(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let header = value.mapping(keys: ["name", "value"]) else { return nil }
        return .addHeader(
            name: RuleValues.headerName(header.required("name")) ?? "",
            value: values.headerValue(header.required("value")) ?? "")
    }
}
