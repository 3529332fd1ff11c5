import Magic
package import MailModel

/// Who says what content is by its bytes.
package enum ContentTypes {
    /// Nil where the system's list of types cannot be read.
    package static func guesser() -> (any ContentTypeGuesser)? { try? MagicGuesser() }
}
