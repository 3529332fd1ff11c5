/// An Authentication-Results field: who found which results. RFC 8601 §2.2
///
/// Its values are text without control characters; whatever else they hold, they are written so
/// that they stay what they are.
package struct AuthenticationResults: Sendable, Hashable {
    /// `authserv-id`: the name of who found them.
    package var authenticator: String
    /// Of the field's syntax; nil, where it is not written, is 1.
    package var version: Int?
    /// None: `none` is written, since nothing was done.
    package var methods: [Method]

    package init(_ authenticator: String, version: Int? = nil, _ methods: [Method] = []) {
        self.authenticator = authenticator
        self.version = version
        self.methods = methods
    }

    /// `resinfo`: what one method found.
    package struct Method: Sendable, Hashable {
        /// `spf`, `dkim`: a keyword.
        package var name: String
        package var version: Int?
        /// A keyword.
        package var result: String
        /// A comment behind the result.
        package var comment: String?
        package var reason: String?
        package var properties: [Property]

        package init(
            _ name: String, _ result: String, comment: String? = nil, reason: String? = nil,
            _ properties: [Property] = []
        ) {
            self.name = name
            self.result = result
            self.comment = comment
            self.reason = reason
            self.properties = properties
        }
    }

    /// `propspec`: `header.from=example.com`.
    package struct Property: Sendable, Hashable {
        /// `smtp`, `header`, `body`, `policy`: a keyword.
        package var type: String
        package var name: String
        package var value: String

        package init(_ type: String, _ name: String, _ value: String) {
            self.type = type
            self.name = name
            self.value = value
        }
    }
}
