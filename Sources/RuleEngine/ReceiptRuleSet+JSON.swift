import Foundation

extension RecipientCondition: Codable {
    private struct Expression: Codable {
        var matches: Pattern
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let expression = try? container.decode(Expression.self) {
            self = .matches(expression.matches)
        } else {
            try self.init(parsing: try container.decode(String.self), allowsWildcards: true)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if case .matches(let pattern) = self {
            try container.encode(Expression(matches: pattern))
        } else {
            try container.encode(text)
        }
    }
}

extension ReceiptRuleSet: Codable {
    private enum CodingKeys: String, CodingKey { case name, rules, isPerRecipient, lists }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            rules: try container.decode([ReceiptRule].self, forKey: .rules),
            isPerRecipient: try container.decodeIfPresent(Bool.self, forKey: .isPerRecipient)
                ?? false,
            lists: try container.decodeIfPresent(
                [String: [RecipientCondition]].self, forKey: .lists))
    }

    /// What a set does not have is left out, so that one from before there was such a thing keeps its
    /// version.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(rules, forKey: .rules)
        if isPerRecipient { try container.encode(true, forKey: .isPerRecipient) }
        try container.encodeIfPresent(lists, forKey: .lists)
    }

    /// The set as one text that the same rules always give: what versions are made of, and what
    /// the store keeps for mails that were stamped with it.
    package var canonicalJSON: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("texts, flags and lists of them always encode")
        }
        return String(decoding: data, as: UTF8.self)
    }

    package init?(canonicalJSON: String) {
        guard
            let ruleSet = try? JSONDecoder().decode(
                ReceiptRuleSet.self, from: Data(canonicalJSON.utf8))
        else { return nil }
        self = ruleSet
    }
}
