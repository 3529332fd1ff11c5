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

extension ReceiptRuleSet {
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
