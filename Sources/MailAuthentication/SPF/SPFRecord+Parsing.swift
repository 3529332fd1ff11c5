import MailModel

extension SPFRecord {
    /// Terms of one record: far more than anyone needs, and what one answer of the DNS can hold.
    static let termsMax = 2_000

    private static let version = Array("v=spf1".utf8)

    /// Whether a text of the DNS is meant as SPF's: `v=spf1`, in any case, and then a space or
    /// nothing. RFC 7208 §4.5
    static func isRecord(_ text: [UInt8]) -> Bool {
        guard text.count >= version.count,
            zip(text, version).allSatisfy({ $0.asciiLowercased == $1 })
        else { return false }
        return text.count == version.count || text[version.count] == UInt8(ascii: " ")
    }

    /// Reads a text for which `isRecord` holds.
    ///
    ///     record    = version terms *SP
    ///     terms     = *( 1*SP ( directive / modifier ) )
    ///
    /// RFC 7208 §12
    init(_ text: [UInt8]) throws(SPFRecordDefect) {
        var start = Self.version.count
        var termsCount = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: " ")) ?? text.count
            if end > start {
                termsCount += 1
                let reader = SPFTermReader(bytes: text[start..<end], offset: start)
                guard termsCount <= Self.termsMax else { throw reader.defect(.tooManyTerms) }
                try add(reader)
            }
            start = end + 1
        }
    }

    private mutating func add(_ term: SPFTermReader) throws(SPFRecordDefect) {
        guard term.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw term.defect(.notASCII)
        }
        guard let (name, value) = term.modifier else {
            directives.append(try term.directive())
            return
        }
        switch name {
        case "redirect":
            guard redirect == nil else { throw term.defect(.modifierTwice) }
            redirect = try term.domainSpec(value)
        case "exp":
            guard explanation == nil else { throw term.defect(.modifierTwice) }
            explanation = try term.domainSpec(value)
        // RFC 7208 §6: others are left alone, and yet must be well formed.
        default: _ = try term.macroString(value)
        }
    }
}

/// Reads one term: printable ASCII without a space, where its functions say no other.
struct SPFTermReader {
    private static let shownBytesMax = 60

    let bytes: ArraySlice<UInt8>
    let offset: Int

    func defect(_ fact: SPFRecordDefect.Fact) -> SPFRecordDefect {
        let shown = bytes.prefix(Self.shownBytesMax).map { byte in
            byte > 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?")
        }
        return SPFRecordDefect(
            fact: fact, term: String(decoding: shown, as: UTF8.self), offset: offset)
    }

    /// The name in lower case and the value, where the term is a modifier:
    ///
    ///     modifier = name "=" macro-string
    ///     name     = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
    var modifier: (name: String, value: ArraySlice<UInt8>)? {
        guard let first = bytes.first, first.isASCIILetter,
            let equals = bytes.firstIndex(where: { !$0.isModifierName }),
            bytes[equals] == UInt8(ascii: "=")
        else { return nil }
        return (Self.lowercased(bytes[..<equals]), bytes[(equals + 1)...])
    }

    ///     directive = [ qualifier ] mechanism
    func directive() throws(SPFRecordDefect) -> SPFDirective {
        var rest = bytes
        let result: SPFResult
        switch rest.first {
        case UInt8(ascii: "+"): result = .pass
        case UInt8(ascii: "-"): result = .fail
        case UInt8(ascii: "~"): result = .softfail
        case UInt8(ascii: "?"): result = .neutral
        default: result = .pass
        }
        if rest.first.map({ "+-~?".utf8.contains($0) }) == true { rest.removeFirst() }
        let name = rest.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        return SPFDirective(
            result: result,
            mechanism: try mechanism(Self.lowercased(name), rest[name.endIndex...]),
            text: String(decoding: bytes, as: UTF8.self))
    }

    /// `argument` begins with its `:` or `/`, or is empty.
    private func mechanism(
        _ name: String, _ argument: ArraySlice<UInt8>
    ) throws(SPFRecordDefect) -> SPFMechanism {
        switch name {
        case "all":
            guard argument.isEmpty else { throw defect(.unusableArgument) }
            return .all
        case "include": return .include(try domainSpec(afterColon(argument)))
        case "exists": return .exists(try domainSpec(afterColon(argument)))
        case "ptr": return .pointer(try optionalDomainSpec(argument))
        case "a":
            let (domain, lengths) = try domainAndLengths(argument)
            return .address(domain, lengths)
        case "mx":
            let (domain, lengths) = try domainAndLengths(argument)
            return .exchanger(domain, lengths)
        case "ip4": return .network(try network(afterColon(argument), bits: 32))
        case "ip6": return .network(try network(afterColon(argument), bits: 128))
        default: throw defect(.unknownMechanism)
        }
    }

    private func afterColon(
        _ argument: ArraySlice<UInt8>
    ) throws(SPFRecordDefect) -> ArraySlice<UInt8> {
        guard argument.first == UInt8(ascii: ":") else { throw defect(.missingDomain) }
        return argument.dropFirst()
    }

    private func optionalDomainSpec(
        _ argument: ArraySlice<UInt8>
    ) throws(SPFRecordDefect) -> MacroString? {
        guard let first = argument.first else { return nil }
        guard first == UInt8(ascii: ":") else { throw defect(.unusableArgument) }
        return try domainSpec(argument.dropFirst())
    }

    /// `[ ":" domain-spec ] [ dual-cidr-length ]`. A domain may hold slashes, too: only digits at
    /// the end are lengths.
    private func domainAndLengths(
        _ argument: ArraySlice<UInt8>
    ) throws(SPFRecordDefect) -> (MacroString?, SPFPrefixLengths) {
        var rest = argument
        var lengths = SPFPrefixLengths()
        if let (slash, digits) = Self.trailingLength(rest), slash > rest.startIndex,
            rest[slash - 1] == UInt8(ascii: "/")
        {
            lengths.ip6 = try prefixLength(digits, max: 128)
            rest = rest[..<(slash - 1)]
        }
        if let (slash, digits) = Self.trailingLength(rest) {
            lengths.ip4 = try prefixLength(digits, max: 32)
            rest = rest[..<slash]
        }
        return (try optionalDomainSpec(rest), lengths)
    }

    /// The last slash and the digits behind it, where nothing else is behind it.
    private static func trailingLength(
        _ bytes: ArraySlice<UInt8>
    ) -> (slash: Int, digits: ArraySlice<UInt8>)? {
        let digits = bytes.suffix(while: \.isASCIIDigit)
        guard !digits.isEmpty, digits.startIndex > bytes.startIndex,
            bytes[digits.startIndex - 1] == UInt8(ascii: "/")
        else { return nil }
        return (digits.startIndex - 1, digits)
    }

    /// No leading zeros: `"0" / %x31-39 *DIGIT`
    private func prefixLength(
        _ digits: ArraySlice<UInt8>, max: Int
    ) throws(SPFRecordDefect) -> Int {
        guard digits.count <= 3, digits.allSatisfy(\.isASCIIDigit),
            let length = Int(String(decoding: digits, as: UTF8.self)), length <= max,
            digits.count == 1 || digits.first != UInt8(ascii: "0")
        else { throw defect(.unusablePrefixLength) }
        return length
    }

    private func network(
        _ argument: ArraySlice<UInt8>, bits: Int
    ) throws(SPFRecordDefect) -> SPFNetwork {
        let slash = argument.firstIndex(of: UInt8(ascii: "/"))
        let text = String(decoding: argument[..<(slash ?? argument.endIndex)], as: UTF8.self)
        guard let address = IPAddress(text), text.utf8.contains(UInt8(ascii: ":")) == (bits == 128)
        else { throw defect(.unusableAddress) }
        let length = try slash.map { slash throws(SPFRecordDefect) in
            try prefixLength(argument[(slash + 1)...], max: bits)
        }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let bytes = bits == 128 && !address.isIPv6 ? mapped + address.bytes : address.bytes
        return SPFNetwork(bytes: bytes, prefixLength: length ?? bits)
    }

    // MARK: Domains

    func domainSpec(_ bytes: ArraySlice<UInt8>) throws(SPFRecordDefect) -> MacroString {
        guard !bytes.isEmpty else { throw defect(.missingDomain) }
        let string = try macroString(bytes)
        guard string.endsAsDomain else { throw defect(.unusableDomain) }
        return string
    }

    func macroString(_ bytes: ArraySlice<UInt8>) throws(SPFRecordDefect) -> MacroString {
        guard let string = MacroString(bytes, .domain) else { throw defect(.unusableMacro) }
        return string
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map(\.asciiLowercased), as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isModifierName: Bool {
        isASCIILetter || isASCIIDigit || "-_.".utf8.contains(self)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func suffix(while holds: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var start = endIndex
        while start > startIndex, holds(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}
