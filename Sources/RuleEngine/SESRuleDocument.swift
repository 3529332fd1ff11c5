package import Documents
import Foundation

/// A rule set in SES's own JSON: what `aws ses describe-receipt-rule-set` prints.
package enum SESRuleDocument {
    /// Where exported names stand in ARNs: there is one account and no region.
    package static let region = "us-east-1"
    package static let account = "000000000000"

    // MARK: Import

    /// Reads `text`, which came from `file`. SES's defaults hold: a rule without `Enabled` is
    /// disabled, a function without `InvocationType` is an `Event`.
    package static func read(
        _ text: String, file: String, catalogue: RuleCatalogue
    ) throws(DocumentProblems) -> ReceiptRuleSet {
        let reader = DocumentReader(file: file, text: text)
        var ruleSet = ReceiptRuleSet(name: "", rules: [])
        if let root = reader.root(keys: ["Metadata", "Rules", "ResponseMetadata"]) {
            let metadata = root.required("Metadata")?.mapping(keys: ["Name", "CreatedTimestamp"])
            ruleSet.name = RuleValues.name(metadata?.required("Name")) ?? ""
            let values = RuleValues(catalogue: catalogue)
            ruleSet.rules = RuleValues.rules(root["Rules"]) { rule($0, values) }
        }
        try reader.finish()
        return ruleSet
    }

    private static func rule(_ value: DocumentValue, _ values: RuleValues) -> ReceiptRule? {
        let keys = ["Name", "Enabled", "TlsPolicy", "Recipients", "Actions", "ScanEnabled"]
        guard let mapping = value.mapping(keys: keys) else { return nil }
        return ReceiptRule(
            name: RuleValues.name(mapping.required("Name")) ?? "",
            isEnabled: mapping.bool("Enabled") ?? false,
            tlsPolicy: mapping["TlsPolicy"]?.choice([
                ("Optional", .optional), ("Require", .require),
            ]) ?? .optional,
            recipients: RuleValues.recipients(mapping["Recipients"], allowsPatterns: false),
            actions: RuleValues.actions(mapping["Actions"]) { action($0, values) },
            isScanEnabled: mapping.bool("ScanEnabled") ?? false)
    }

    private static let actionNames = [
        "S3Action", "LambdaAction", "SNSAction", "AddHeaderAction", "StopAction", "BounceAction",
        "WorkmailAction", "ConnectAction",
    ]

    private static func action(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let mapping = value.mapping(keys: actionNames) else { return nil }
        guard let name = mapping.keys.first, mapping.keys.count == 1 else {
            if mapping.keys.count > 1 || !mapping.hasUnknownKeys {
                value.note("an action has exactly one member, one of SES's")
            }
            return nil
        }
        guard let inner = mapping.required(name) else { return nil }
        switch name {
        case "S3Action": return store(inner, values)
        case "LambdaAction": return invoke(inner, values)
        case "SNSAction": return notify(inner, values)
        case "AddHeaderAction": return addHeader(inner, values)
        case "BounceAction":
            return ReceiptBounce(readingSES: inner, values).map { .bounce($0) }
        case "StopAction":
            guard let stop = inner.mapping(keys: ["Scope", "TopicArn"]) else { return nil }
            _ = stop.required("Scope")?.choice([("RuleSet", true)])
            return .stop(topic: values.topic(stop["TopicArn"]))
        case "WorkmailAction": return workMail(inner, values)
        default:
            value.note("\(name) cannot be done here; take it out of the file to import the rest")
            return nil
        }
    }

    /// What stands in the place of SES's `WorkmailAction`, as whoever imports says it: `deliver=<maildir>`
    /// or `relay=<host>`, by names of the configuration. Nil where `text` is neither.
    package static func workMail(_ text: String) -> ReceiptAction? {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, (1...256).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy(RuleValues.isReferenceByte)
        else { return nil }
        return switch parts[0] {
        case "deliver": .deliver(maildir: parts[1])
        case "relay": .relay(to: parts[1])
        default: nil
        }
    }

    /// Its mailboxes were WorkMail's: where they are now stands in no file of SES.
    private static func workMail(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let action = value.mapping(keys: ["OrganizationArn", "TopicArn"]) else { return nil }
        guard let place = values.catalogue.workMail else {
            value.noteWhole(
                "say where WorkMail's mailboxes are now: martlet rules import --workmail deliver=NAME "
                    + "(a Maildir) or relay=NAME (a host), or take it out of the file")
            return nil
        }
        if let topic = action["TopicArn"] {
            topic.note(
                "“\(place.kind)” tells no topic: take it out, and put an SNSAction behind the action"
            )
        }
        return place
    }

    private static func store(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        let keys = ["BucketName", "ObjectKeyPrefix", "TopicArn", "KmsKeyArn", "IamRoleArn"]
        guard let store = value.mapping(keys: keys) else { return nil }
        if let key = store["KmsKeyArn"] {
            key.note("objects are not encrypted with a KMS key here: encrypt the disk instead")
        }
        return .store(
            bucket: values.bucket(store.required("BucketName")) ?? "",
            prefix: values.prefix(store["ObjectKeyPrefix"]),
            topic: values.topic(store["TopicArn"]), onFailure: .hold)
    }

    private static func invoke(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let invoke = value.mapping(keys: ["FunctionArn", "InvocationType", "TopicArn"]) else {
            return nil
        }
        return .invoke(
            handler: values.handler(invoke.required("FunctionArn")) ?? "",
            type: invoke["InvocationType"]?.choice([
                ("RequestResponse", .requestResponse), ("Event", .event),
            ]) ?? .event,
            topic: values.topic(invoke["TopicArn"]), onFailure: .hold)
    }

    private static func notify(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let notify = value.mapping(keys: ["TopicArn", "Encoding"]) else { return nil }
        return .notify(
            topic: values.topic(notify.required("TopicArn")) ?? "",
            encoding: notify["Encoding"]?.choice([("UTF-8", .utf8), ("Base64", .base64)]) ?? .utf8)
    }

    private static func addHeader(
        _ value: DocumentValue, _ values: RuleValues
    ) -> ReceiptAction? {
        guard let header = value.mapping(keys: ["HeaderName", "HeaderValue"]) else { return nil }
        return .addHeader(
            name: RuleValues.headerName(header.required("HeaderName")) ?? "",
            value: values.headerValue(header.required("HeaderValue")) ?? "")
    }

    // MARK: Export

    package static func topicARN(_ name: String) -> String {
        "arn:aws:sns:\(region):\(account):\(name)"
    }

    package static func functionARN(_ name: String) -> String {
        "arn:aws:lambda:\(region):\(account):function:\(name)"
    }

    /// What of the set has no place in SES's form, and without what it would take other mails: each
    /// with its rule, for people.
    package static func excess(of ruleSet: ReceiptRuleSet) -> [String] {
        let ofRules = ruleSet.rules.flatMap { rule -> [String] in
            let patterns = rule.recipients.filter { recipient in
                switch recipient {
                case .like, .matches: true
                case .address, .domain, .subdomains: false
                }
            }
            let templates = rule.actions.filter { $0.isTemplate || action($0) == nil }
            return (rule.conditions == nil ? [] : ["rule “\(rule.name)” has conditions"])
                + patterns.map { "rule “\(rule.name)” takes “\($0.text)”" }
                + templates.map { "rule “\(rule.name)” has “\($0.text)”" }
        }
        return (ruleSet.isPerRecipient ? ["the set is evaluated per recipient"] : []) + ofRules
    }

    /// The set as `aws ses describe-receipt-rule-set` prints one, where it has no `excess`; `createdAt` is ISO 8601.
    /// `onFailure` has no place in SES's form and is left out.
    package static func text(of ruleSet: ReceiptRuleSet, createdAt: String) -> String {
        let document: [String: Any] = [
            "Metadata": ["Name": ruleSet.name, "CreatedTimestamp": createdAt],
            "Rules": ruleSet.rules.map(rule),
        ]
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: document,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        else { preconditionFailure("texts, flags and lists of them always encode") }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func rule(_ rule: ReceiptRule) -> [String: Any] {
        var object: [String: Any] = [
            "Name": rule.name, "Enabled": rule.isEnabled, "TlsPolicy": rule.tlsPolicy.rawValue,
            "Actions": rule.actions.compactMap { action($0.filled { _ in nil }) },
            "ScanEnabled": rule.isScanEnabled,
        ]
        if !rule.recipients.isEmpty { object["Recipients"] = rule.recipients.map(\.text) }
        return object
    }

    /// Nil where it has no place in SES's form.
    private static func action(_ action: ReceiptAction) -> [String: Any]? {
        switch action {
        case .store(let bucket, let prefix, let topic, _):
            var object = ["BucketName": bucket]
            object["ObjectKeyPrefix"] = prefix
            object["TopicArn"] = topic.map(topicARN)
            return ["S3Action": object]
        case .invoke(let handler, let type, let topic, _):
            var object = [
                "FunctionArn": functionARN(handler), "InvocationType": type.rawValue,
            ]
            object["TopicArn"] = topic.map(topicARN)
            return ["LambdaAction": object]
        case .notify(let topic, let encoding):
            return [
                "SNSAction": ["TopicArn": topicARN(topic), "Encoding": encoding.rawValue]
            ]
        case .forward, .relay, .deliver, .webhook, .reply, .reject, .removeHeader, .tag,
            .quarantine, .drop:
            return nil
        case .bounce(let bounce): return ["BounceAction": bounce.sesMembers]
        case .addHeader(let name, let value):
            return ["AddHeaderAction": ["HeaderName": name, "HeaderValue": value]]
        case .stop(let topic):
            var object = ["Scope": "RuleSet"]
            object["TopicArn"] = topic.map(topicARN)
            return ["StopAction": object]
        }
    }
}
