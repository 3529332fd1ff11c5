import Foundation

extension RecipientCondition: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        try self.init(parsing: text)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
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
