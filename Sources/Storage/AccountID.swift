/// The account that owns a record. One, `main`, is made on first run; every record carries it
/// from the first migration on, so that more can follow.
package struct AccountID: Hashable, Sendable, Codable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static let main = AccountID("main")
}
