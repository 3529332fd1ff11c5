/// A rule set, in the forms that programs and people read.
package struct RuleSetTextView: Sendable, Codable {
    package var name: String
    package var version: String
    /// As a rule file: of a former version the text that it was read from, else as it is understood.
    package var yaml: String
    package var canonicalJSON: String
    /// Of a former version: the texts of the lists that it names, by their names.
    package var lists: [String: String]
}
