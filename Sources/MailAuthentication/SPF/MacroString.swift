import MailModel

/// Text with macros, as domains and explanations have it.
///
///     macro-string     = *( macro-expand / macro-literal )
///     macro-expand     = ( "%{" macro-letter transformers *delimiter "}" )
///                        / "%%" / "%_" / "%-"
///     macro-literal    = %x21-24 / %x26-7E
///
/// RFC 7208 §7.1
struct MacroString: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal([UInt8])
        /// `%%`, `%_` or `%-`, as it comes out.
        case escape([UInt8])
        case macro(Macro)
    }

    enum Purpose: Sendable {
        /// A name that is asked for.
        case domain
        /// Text for people, which has spaces, and the letters `c`, `r` and `t` besides.
        case explanation
    }

    private(set) var parts: [Part] = []

    /// Nil where `bytes` are none.
    init?(_ bytes: ArraySlice<UInt8>, _ purpose: Purpose) {
        var rest = bytes
        while let first = rest.first {
            if first == UInt8(ascii: "%") {
                guard let part = Self.expansion(&rest, purpose) else { return nil }
                parts.append(part)
                continue
            }
            let literal = rest.prefix { $0 != UInt8(ascii: "%") }
            let lowest: UInt8 = purpose == .explanation ? 0x20 : 0x21
            guard literal.allSatisfy({ $0 >= lowest && $0 < 0x7F }) else { return nil }
            parts.append(.literal(Array(literal)))
            rest = rest[literal.endIndex...]
        }
    }

    /// Reads from a `%` on.
    private static func expansion(_ rest: inout ArraySlice<UInt8>, _ purpose: Purpose) -> Part? {
        guard let kind = rest.dropFirst().first else { return nil }
        switch kind {
        case UInt8(ascii: "%"):
            rest = rest.dropFirst(2)
            return .escape([UInt8(ascii: "%")])
        case UInt8(ascii: "_"):
            rest = rest.dropFirst(2)
            return .escape([UInt8(ascii: " ")])
        case UInt8(ascii: "-"):
            rest = rest.dropFirst(2)
            return .escape(Array("%20".utf8))
        case UInt8(ascii: "{"):
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")),
                let macro = Macro(rest[(rest.startIndex + 2)..<end], purpose)
            else { return nil }
            rest = rest[(end + 1)...]
            return .macro(macro)
        default: return nil
        }
    }

    /// Whether it can be a `domain-spec`:
    ///
    ///     domain-spec = macro-string domain-end
    ///     domain-end  = ( "." toplabel [ "." ] ) / macro-expand
    var endsAsDomain: Bool {
        switch parts.last {
        case nil: return false
        case .escape, .macro: return true
        case .literal(let bytes):
            let end = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes[...]
            guard let dot = end.lastIndex(of: UInt8(ascii: ".")) else { return false }
            return Self.isTopLabel(end[(dot + 1)...])
        }
    }

    ///     toplabel = ( *alphanum ALPHA *alphanum ) /
    ///                ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
    private static func isTopLabel(_ label: ArraySlice<UInt8>) -> Bool {
        guard let first = label.first, let last = label.last, first != UInt8(ascii: "-"),
            last != UInt8(ascii: "-")
        else { return false }
        return label.contains { !$0.isASCIIDigit }
            && label.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
    }
}

/// `%{…}`: a value, and what of it is taken.
struct Macro: Sendable, Hashable {
    enum Letter: UInt8, Sendable {
        case sender = 0x73
        case localPart = 0x6C
        case senderDomain = 0x6F
        case domain = 0x64
        case address = 0x69
        case validatedName = 0x70
        case version = 0x76
        case helo = 0x68
        case readableAddress = 0x63
        case receiver = 0x72
        case time = 0x74

        var isForExplanations: Bool {
            switch self {
            case .readableAddress, .receiver, .time: true
            default: false
            }
        }
    }

    let letter: Letter
    /// An upper-case letter: the value is escaped as in URLs.
    let isEscaped: Bool
    /// How many parts from the right are taken; nil: all.
    let partsCount: Int?
    let isReversed: Bool
    /// What the value is cut at: `.` where none is given.
    let delimiters: [UInt8]

    /// What stands between the braces: `macro-letter *DIGIT [ "r" ] *delimiter`.
    fileprivate init?(_ bytes: ArraySlice<UInt8>, _ purpose: MacroString.Purpose) {
        guard let first = bytes.first, let letter = Letter(rawValue: first.asciiLowercased),
            purpose == .explanation || !letter.isForExplanations
        else { return nil }
        self.letter = letter
        isEscaped = first != first.asciiLowercased
        var rest = bytes.dropFirst()
        let digits = rest.prefix(while: \.isASCIIDigit)
        rest = rest[digits.endIndex...]
        if digits.isEmpty {
            partsCount = nil
        } else {
            // RFC 7208 §7.1: not zero. More parts than a value could have are all of them.
            let count = digits.count > 4 ? 9_999 : Int(String(decoding: digits, as: UTF8.self))
            guard let count, count > 0, digits.contains(where: { $0 != UInt8(ascii: "0") })
            else { return nil }
            partsCount = count
        }
        isReversed = rest.first?.asciiLowercased == UInt8(ascii: "r")
        if isReversed { rest = rest.dropFirst() }
        guard rest.allSatisfy({ ".-+,/_=".utf8.contains($0) }) else { return nil }
        delimiters = rest.isEmpty ? [UInt8(ascii: ".")] : Array(rest)
    }

    /// The value cut, turned, shortened, put together and escaped. RFC 7208 §7.3
    func transform(_ value: [UInt8]) -> [UInt8] {
        var parts = value.split(
            omittingEmptySubsequences: false, whereSeparator: delimiters.contains)
        if isReversed { parts.reverse() }
        if let partsCount { parts = Array(parts.suffix(partsCount)) }
        let joined = Array(parts.joined(separator: [UInt8(ascii: ".")]))
        return isEscaped ? Array(PercentEncoding.encode(joined).utf8) : joined
    }
}
