package import MailModel

/// Why a rule set came into force.
package enum RuleSetCause: String, Sendable, Codable, CaseIterable {
    /// The server started, and the file said so.
    case start
    /// Its file was read anew while the server ran.
    case files
    /// An operator made it the active set.
    case activation
    /// An operator asked for a former version.
    case rollback
}

/// What a version of a rule set was read from.
package struct RuleSetSource: Sendable, Hashable, Codable {
    /// The name of its file in the rules folder.
    package var file: String
    package var text: String
    /// The texts of the address lists that it names, by their names.
    package var lists: [String: String]

    package init(file: String, text: String, lists: [String: String]) {
        self.file = file
        self.text = text
        self.lists = lists
    }
}

/// A rule set as it was in force: once, or again and again.
package struct RuleSetVersion: Sendable, Hashable {
    package var version: String
    package var name: String
    package var firstInForceAt: Timestamp
    /// When it came into force last.
    package var inForceAt: Timestamp
    /// Why it did then; nil for what an older program has kept.
    package var cause: RuleSetCause?

    package init(
        version: String, name: String, firstInForceAt: Timestamp, inForceAt: Timestamp,
        cause: RuleSetCause?
    ) {
        self.version = version
        self.name = name
        self.firstInForceAt = firstInForceAt
        self.inForceAt = inForceAt
        self.cause = cause
    }
}
