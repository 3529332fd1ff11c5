/// A tag that a sender gives to a mail, for its events. SES: `EmailTags`, `X-SES-MESSAGE-TAGS`
package struct MessageTag: Sendable, Hashable {
    /// Characters of a name, and of a value. SES
    package static let lengthMax = 255
    /// Tags of one mail: ours, so that an event has an end.
    package static let countMax = 50

    /// What the `Feedback-ID` of the mail begins with.
    package static let feedbackIDNames = ["ses:feedback-id-a", "ses:feedback-id-b"]

    package let name: String
    package let value: String

    /// Why a tag is none, in SES's words.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case nameMissing
        case nameTooLong
        case nameInvalid(String)
        case valueMissing
        case valueTooLong
        case valueInvalid(String)
        case tooMany

        package var description: String {
            switch self {
            case .nameMissing: "The tag name must be specified."
            case .nameTooLong: "Tag name cannot exceed \(lengthMax) characters."
            case .nameInvalid(let name):
                "Invalid tag name <\(name)>: only alphanumeric ASCII characters, '_',  '-' are"
                    + " allowed."
            case .valueMissing: "The tag value must be specified."
            case .valueTooLong: "Tag value cannot exceed \(lengthMax) characters."
            case .valueInvalid(let value):
                "Invalid tag value <\(value)>: only alphanumeric ASCII characters, '_',  '-' ,"
                    + " '.', '@' are allowed."
            case .tooMany: "A message cannot have more than \(countMax) tags."
            }
        }
    }

    /// The name is looked at before the value; whether it is there, its length, then its characters.
    package init(name: String, value: String) throws(Refusal) {
        guard !name.isEmpty else { throw .nameMissing }
        guard name.count <= Self.lengthMax else { throw .nameTooLong }
        guard Self.feedbackIDNames.contains(name) || name.utf8.allSatisfy(Self.isOfName) else {
            throw .nameInvalid(name)
        }
        guard !value.isEmpty else { throw .valueMissing }
        guard value.count <= Self.lengthMax else { throw .valueTooLong }
        guard
            value.utf8.allSatisfy({
                Self.isOfName($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "@")
            })
        else { throw .valueInvalid(value) }
        self.name = name
        self.value = value
    }

    /// The tags that the value of an `X-SES-MESSAGE-TAGS` field names: `k1=v1, k2=v2`.
    package static func list(_ text: String) throws(Refusal) -> [MessageTag] {
        var tags: [MessageTag] = []
        for piece in text.utf8.split(separator: UInt8(ascii: ",")) {
            let pair = piece.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = trimmed(pair[0])
            guard !name.isEmpty || pair.count > 1 else { continue }
            guard tags.count < countMax else { throw .tooMany }
            tags.append(
                try MessageTag(name: name, value: pair.count > 1 ? trimmed(pair[1]) : ""))
        }
        return tags
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var rest = text.drop(while: HeaderCursor.isSpace)
        while let last = rest.last, HeaderCursor.isSpace(last) { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (byte >= 48 && byte <= 57) || (byte | 0x20 >= 97 && byte | 0x20 <= 122)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
