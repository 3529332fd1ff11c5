package import MailModel

/// Why a mail has no single author domain. RFC 9989 §5.3.1
package enum AuthorDomainDefect: Error, Sendable, Hashable, CustomStringConvertible {
    case noFrom
    case severalFroms(Int)
    /// Not what RFC 5322 calls a list of mailboxes: readers may see different authors in it.
    case unreadable
    case noAddress
    /// An address's domain is none: encoded words and address literals are not, too.
    case unusableDomain
    case severalDomains

    package var description: String {
        switch self {
        case .noFrom: "the mail has no From"
        case .severalFroms(let count): "the mail has \(count) From fields"
        case .unreadable: "From cannot be read as addresses"
        case .noAddress: "From has no address"
        case .unusableDomain: "the domain of an address in From is none"
        case .severalDomains: "From has addresses of several domains"
        }
    }
}

/// Finds whom a mail says that it is from.
package enum AuthorDomain {
    /// `fields` are the bodies of all From fields of a mail, with their folding. All addresses of
    /// the one From field there may be must be of one domain.
    package static func find(
        _ fields: [ArraySlice<UInt8>]
    ) throws(AuthorDomainDefect) -> Domain {
        guard let field = fields.first else { throw .noFrom }
        guard fields.count == 1 else { throw .severalFroms(fields.count) }
        var reader = MailboxListReader(field)
        let addresses = try reader.addresses()
        guard let first = addresses.first else { throw .noAddress }
        let domain = try domain(of: first)
        for address in addresses.dropFirst() {
            guard try self.domain(of: address) == domain else { throw .severalDomains }
        }
        return domain
    }

    /// Of a mail's header section.
    package static func find(in header: HeaderBlock) throws(AuthorDomainDefect) -> Domain {
        try find(header.all("From").map { $0.body[...] })
    }

    private static func domain(of address: [UInt8]) throws(AuthorDomainDefect) -> Domain {
        guard let at = address.firstIndex(of: UInt8(ascii: "@")), at > 0,
            let text = String(validating: address[(at + 1)...], as: UTF8.self),
            let domain = try? Domain(parsing: text)
        else { throw .unusableDomain }
        // RFC 2047 §5 has no encoded word there; who decodes one reads another address.
        guard !EncodedWords.mayBegin(in: Array(address[..<at])) else { throw .unreadable }
        // In a local part that is no UTF-8, others read the domain in another charset, too.
        let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        guard isASCII || String(validating: address, as: UTF8.self) != nil else {
            throw .unusableDomain
        }
        return domain
    }
}

/// Reads a list of mailboxes strictly, since it decides who is held to be the author: comments,
/// quoted strings, groups and the white space of old beside dots and `@` are read. Anything else is
/// refused, and so is what the RFCs allow and readers take for somebody else's address: routes, and
/// groups whose names look like one. RFC 5322 §3.4, RFC 5322 §4.4, RFC 6854
private struct MailboxListReader {
    /// Comments within comments.
    private static let depthMax = 20

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var found: [[UInt8]] = []

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// One entry at a time, each ended by a comma, a semicolon or the end.
    mutating func addresses() throws(AuthorDomainDefect) -> [[UInt8]] {
        // Not even in comments, or escaped: it ends the text for some.
        guard !bytes.contains(0) else { throw .unreadable }
        var isInGroup = false
        while position < bytes.endIndex {
            var entry = Entry()
            try read(&entry)
            switch position < bytes.endIndex ? bytes[position] : nil {
            case UInt8(ascii: ":"):
                guard !isInGroup, entry.isGroupName else { throw .unreadable }
                isInGroup = true
            case UInt8(ascii: ";"):
                guard isInGroup else { throw .unreadable }
                isInGroup = false
                try add(entry)
            default: try add(entry)
            }
            position += 1
        }
        guard !isInGroup else { throw .unreadable }
        return found
    }

    private mutating func add(_ entry: Entry) throws(AuthorDomainDefect) {
        if let address = entry.address { found.append(address) }
        let isAddress = entry.words.contains(UInt8(ascii: "@"))
        // An address for a name, unquoted, is written often, and what a reader sees.
        guard entry.address == nil && !entry.words.isEmpty || isAddress else { return }
        guard isAddress, !entry.words.hasGap else { throw .unreadable }
        found.append(entry.words.bytes)
    }

    /// Words without the white space and the comments between them.
    private struct Words {
        private(set) var bytes: [UInt8] = []
        /// Two of them have neither a dot nor an `@` between them, and are no address together.
        private(set) var hasGap = false

        var isEmpty: Bool { bytes.isEmpty }
        var endInAt: Bool { bytes.last == UInt8(ascii: "@") }

        func contains(_ byte: UInt8) -> Bool { bytes.contains(byte) }

        mutating func append(_ word: [UInt8]) {
            let isJoint =
                word.first.map(MailboxListReader.isJoint) == true
                || bytes.last.map(MailboxListReader.isJoint) != false
            hasGap = hasGap || !isJoint
            bytes += word
        }
    }

    private struct Entry {
        /// What stands outside of brackets.
        var words = Words()
        /// What stands in brackets.
        var address: [UInt8]?

        /// Of a group, and not to be taken for an address.
        var isGroupName: Bool {
            address == nil && !words.isEmpty
                && !words.bytes.contains(where: MailboxListReader.isJoint)
        }
    }

    private mutating func read(_ entry: inout Entry) throws(AuthorDomainDefect) {
        while position < bytes.endIndex {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ";"): return
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"),
                UInt8(ascii: "("):
                try skipSpace()
            case UInt8(ascii: "<"):
                guard entry.address == nil else { throw .unreadable }
                entry.address = try angleAddress()
            default:
                guard entry.address == nil else { throw .unreadable }
                entry.words.append(try word(after: entry.words))
            }
        }
    }

    private static func isJoint(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "@")
    }

    /// `<` up to and with `>`. What stands before a gap in it is another address for some readers.
    private mutating func angleAddress() throws(AuthorDomainDefect) -> [UInt8] {
        position += 1
        var words = Words()
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: ">"):
                position += 1
                guard words.contains(UInt8(ascii: "@")) else { throw .noAddress }
                guard !words.hasGap else { throw .unreadable }
                return words.bytes
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"),
                UInt8(ascii: "("):
                try skipSpace()
            default: words.append(try word(after: words))
            }
        }
        throw .unreadable
    }

    /// An atom, a dot, an `@`, a quoted string before it or a domain literal behind it.
    private mutating func word(after words: Words) throws(AuthorDomainDefect) -> [UInt8] {
        let start = position
        switch bytes[position] {
        case UInt8(ascii: "\""):
            guard !words.contains(UInt8(ascii: "@")) else { throw .unreadable }
            return try quotedString()
        case UInt8(ascii: "["):
            guard words.endInAt, let end = bytes[position...].firstIndex(of: UInt8(ascii: "]"))
            else { throw .unreadable }
            position = end + 1
            return Array(bytes[start..<position])
        case let byte where Self.isJoint(byte):
            position += 1
            return [byte]
        default:
            while position < bytes.endIndex,
                AddressParser.isAtomText(bytes[position]) || bytes[position] >= 0x80
            {
                position += 1
            }
            guard position > start else { throw .unreadable }
            return Array(bytes[start..<position])
        }
    }

    /// An `@` in it is none of the address: it comes out as a space.
    private mutating func quotedString() throws(AuthorDomainDefect) -> [UInt8] {
        position += 1
        var content: [UInt8] = []
        while position < bytes.endIndex {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return content.isEmpty ? [0x20] : content }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.endIndex else { throw .unreadable }
                byte = bytes[position]
                position += 1
            }
            content.append(Self.isJoint(byte) ? 0x20 : byte)
        }
        throw .unreadable
    }

    /// White space and comments.
    private mutating func skipSpace() throws(AuthorDomainDefect) {
        var depth = 0
        while position < bytes.endIndex {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "("):
                depth += 1
                guard depth <= Self.depthMax else { throw .unreadable }
            case UInt8(ascii: ")") where depth > 0: depth -= 1
            case UInt8(ascii: "\\") where depth > 0: position += 1
            default:
                guard depth > 0 || byte.isFoldingSpace else { return }
            }
            position += 1
        }
        guard depth == 0, position == bytes.endIndex else { throw .unreadable }
    }
}
