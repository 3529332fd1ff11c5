/// Reads mailboxes and paths from bytes. RFC 5321 §4.1.2, and RFC 6531 §3.3 where UTF-8 is allowed.
///
/// Never keeps or passes on what it has not validated: no control character, CR, LF or NUL gets
/// into a `Mailbox`.
package struct AddressParser {
    /// Deviates: RFC 5321 §4.5.3.1.1 says 64, and RFC 5321 §4.5.3.1 that limits are exceeded: return
    /// addresses of mailing lists, which hold the recipient's, are longer.
    package static let localPartBytesMax = 255
    /// Of whom mail of ours goes to: what others may refuse. RFC 5321 §4.5.3.1.1
    package static let sentLocalPartBytesMax = 64
    /// RFC 5321 §4.5.3.1.2
    package static let domainBytesMax = 255
    /// RFC 5321 §4.5.3.1.3, with room for a source route that is thrown away.
    package static let pathBytesMax = 1024

    package let bytes: ArraySlice<UInt8>
    package private(set) var position: Int
    private let isUTF8Allowed: Bool

    package init(_ bytes: ArraySlice<UInt8>, isUTF8Allowed: Bool) {
        self.bytes = bytes
        position = bytes.startIndex
        self.isUTF8Allowed = isUTF8Allowed
    }

    package var isAtEnd: Bool { position == bytes.endIndex }
    private var current: UInt8? { isAtEnd ? nil : bytes[position] }

    private func error(_ fact: AddressError.Fact, at place: Int? = nil) -> AddressError {
        AddressError(fact, at: (place ?? position) - bytes.startIndex)
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    // MARK: Mailbox = Local-part "@" ( Domain / address-literal )

    /// The whole input as one mailbox.
    package static func mailbox(
        _ bytes: ArraySlice<UInt8>, isUTF8Allowed: Bool
    ) throws(AddressError) -> Mailbox {
        var parser = AddressParser(bytes, isUTF8Allowed: isUTF8Allowed)
        let mailbox = try parser.readMailbox()
        guard parser.isAtEnd else { throw parser.error(.trailing) }
        return mailbox
    }

    package mutating func readMailbox() throws(AddressError) -> Mailbox {
        guard !isAtEnd else { throw error(.empty) }
        let localPart = try readLocalPart()
        guard skip(UInt8(ascii: "@")) else { throw error(.atMissing) }
        let domain = try readDomain()
        return Mailbox(validatedLocalPart: localPart, domain: domain)
    }

    /// `Local-part = Dot-string / Quoted-string`; the result is unquoted.
    package mutating func readLocalPart() throws(AddressError) -> String {
        let start = position
        let content =
            current == UInt8(ascii: "\"") ? try readQuotedString() : try readDotString()
        guard !content.isEmpty || position > start else { throw error(.localPartMissing) }
        guard position - start <= Self.localPartBytesMax else {
            throw error(.localPartTooLong, at: start)
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw error(.invalidUTF8, at: start)
        }
        // RFC 6532 §3.1 lets them through; nothing good comes of them in an address.
        guard !text.unicodeScalars.contains(where: Self.isMisleading),
            text.unicodeScalars.first?.properties.generalCategory != .nonspacingMark
        else { throw error(.control, at: start) }
        return text
    }

    /// `Dot-string = Atom *("." Atom)`
    private mutating func readDotString() throws(AddressError) -> [UInt8] {
        var content: [UInt8] = []
        var isAfterDot = true
        while let byte = current {
            if byte == UInt8(ascii: ".") {
                guard !isAfterDot else { throw error(.localPartInvalid) }
                isAfterDot = true
            } else if byte >= 0x80 {
                guard isUTF8Allowed else { throw error(.nonASCII) }
                isAfterDot = false
            } else if Self.isAtomText(byte) {
                isAfterDot = false
            } else {
                break
            }
            content.append(byte)
            position += 1
        }
        guard !content.isEmpty else {
            throw error(current == UInt8(ascii: "@") ? .localPartMissing : .localPartInvalid)
        }
        guard !isAfterDot else { throw error(.localPartInvalid) }
        return content
    }

    /// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`
    private mutating func readQuotedString() throws(AddressError) -> [UInt8] {
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return content
            case UInt8(ascii: "\\"):
                guard let quoted = current, quoted >= 32, quoted < 127 else {
                    throw error(.control)
                }
                content.append(quoted)
                position += 1
            case 32..<127: content.append(byte)
            case 0x80...:
                guard isUTF8Allowed else { throw error(.nonASCII, at: position - 1) }
                content.append(byte)
            default: throw error(.control, at: position - 1)
            }
        }
        throw error(.quotedStringUnended, at: start)
    }

    // MARK: Domain

    package mutating func readDomain() throws(AddressError) -> Domain {
        if current == UInt8(ascii: "[") { return try readAddressLiteral() }
        let start = position
        while let byte = current, Self.isDomainByte(byte) {
            position += 1
        }
        let name = bytes[start..<position]
        // A final dot is for the DNS and for people: RFC 5321 §4.1.2 has none in an address.
        guard name.last != UInt8(ascii: ".") else { throw error(.domainInvalid, at: start) }
        if name.contains(where: { $0 >= 0x80 }), !isUTF8Allowed {
            throw error(.nonASCII, at: start)
        }
        guard let text = String(validating: name, as: UTF8.self) else {
            throw error(.invalidUTF8, at: start)
        }
        do throws(DomainError) {
            return try Domain(parsing: text)
        } catch {
            throw self.error(error == .tooLong ? .domainTooLong : .domainInvalid, at: start)
        }
    }

    /// `address-literal = "[" ( IPv4 / "IPv6:" IPv6 ) "]"`. General literals are refused: nobody
    /// has registered a tag.
    private mutating func readAddressLiteral() throws(AddressError) -> Domain {
        let start = position
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else {
            throw error(.literalInvalid)
        }
        let text = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        let isIPv6 = text.lowercased().hasPrefix("ipv6:")
        let address = isIPv6 ? String(text.dropFirst(5)) : text
        guard let parsed = IPAddress(address), address.contains(":") == isIPv6 else {
            throw error(.literalInvalid)
        }
        position = end + 1
        // A mapped address is the IPv4 address that it maps, and is written as that.
        return Domain(validatedASCII: parsed.isIPv6 ? "[ipv6:\(parsed)]" : "[\(parsed)]")
    }

    // MARK: Paths

    /// `Reverse-path = Path / "<>"`
    package mutating func readReversePath() throws(AddressError) -> ReversePath {
        let start = position
        guard skip(UInt8(ascii: "<")) else { throw error(.empty) }
        if skip(UInt8(ascii: ">")) { return .null }
        position = start
        return .mailbox(try readPath())
    }

    /// `Forward-path = Path / "<Postmaster>"`
    package mutating func readForwardPath() throws(AddressError) -> ForwardPath {
        let bare = Array("<postmaster>".utf8)
        let head = bytes[position...].prefix(bare.count)
        if head.map({ $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }) == bare {
            position += bare.count
            return .postmaster
        }
        return .mailbox(try readPath())
    }

    /// `Path = "<" [ A-d-l ":" ] Mailbox ">"`. A source route is read and forgotten, as RFC 5321
    /// appendix C asks.
    private mutating func readPath() throws(AddressError) -> Mailbox {
        guard skip(UInt8(ascii: "<")) else { throw error(.empty) }
        if current == UInt8(ascii: "@") { try skipSourceRoute() }
        let mailbox = try readMailbox()
        guard skip(UInt8(ascii: ">")) else { throw error(.trailing) }
        return mailbox
    }

    /// `A-d-l = At-domain *( "," At-domain )`
    private mutating func skipSourceRoute() throws(AddressError) {
        repeat {
            guard skip(UInt8(ascii: "@")) else { throw error(.domainInvalid) }
            _ = try readDomain()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: ":")) else { throw error(.trailing) }
    }

    // MARK: Characters

    /// `atext` of RFC 5322 §3.2.3.
    package static func isAtomText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }

    /// What shows nothing, turns the direction of text, parts lines or words, is no character, or
    /// becomes ASCII when it is normalized. Joiners are letters of some scripts.
    private static func isMisleading(_ scalar: Unicode.Scalar) -> Bool {
        if [0x037E, 0x1FEF, 0x212A].contains(scalar.value) { return true }
        return switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
            true
        case .spaceSeparator: scalar != " "
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        default: false
        }
    }

    private static func isDomainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
