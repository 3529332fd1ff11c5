/// An `http` or `https` URL that we post to, in one form: a host that is a name or an address as
/// such, a port, and what the request line says.
///
/// Deviates: from RFC 3986, no user, no fragment, no percent-encoding in the host; and from what
/// resolvers take, no IPv4 address but in four decimal numbers (not `127.1`, `0x7f000001`,
/// `2130706433`, `0177.0.0.1`).
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        case http, https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    package enum Host: Hashable, Sendable {
        /// A-labels in lower case, without a final dot.
        case name(String)
        case address(IPAddress)
    }

    /// Why a text is no such URL.
    package enum ParsingError: Error, Sendable, CustomStringConvertible {
        case notWeb
        case hasUser
        case hasFragment
        case oddAddress(String)

        package var description: String {
            switch self {
            case .notWeb: "is no http or https URL"
            case .hasUser: "the user and password of a URL are not sent: leave them out"
            case .hasFragment: "has a fragment (#…), which is not sent: leave it out"
            case .oddAddress(let host):
                "has a host, “\(host)”, that reads as an address in an odd form: "
                    + "write four decimal numbers"
            }
        }
    }

    package let scheme: Scheme
    package let host: Host
    package let port: Int
    /// Path and query; begins with `/`.
    package let target: String

    package init(parsing text: String) throws(ParsingError) {
        guard let colon = text.firstIndex(of: ":"),
            let scheme = Scheme(rawValue: text[..<colon].lowercased()),
            text[colon...].hasPrefix("://"),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" })
        else { throw .notWeb }
        let rest = text[text.index(colon, offsetBy: 3)...]
        guard !rest.contains("#") else { throw .hasFragment }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw .hasUser }
        self.scheme = scheme
        let (host, port) = try Self.split(authority)
        self.host = try Self.host(host)
        self.port = try port.map(Self.port) ?? scheme.defaultPort
        target = try Self.target(rest[end...])
    }

    /// `authority = host [ ":" port ]`, the host in brackets where it has colons.
    /// RFC 3986 §3.2.
    private static func split(
        _ authority: Substring
    ) throws(ParsingError) -> (host: Substring, port: Substring?) {
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw .notWeb }
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let rest = authority[hostEnd...]
        guard rest.isEmpty || rest.hasPrefix(":") else { throw .notWeb }
        return (authority[..<hostEnd], rest.isEmpty ? nil : rest.dropFirst())
    }

    private static func host(_ text: Substring) throws(ParsingError) -> Host {
        if text.hasPrefix("[") {
            let inner = String(text.dropFirst().dropLast())
            guard inner.contains(":"), let address = IPAddress(inner) else { throw .notWeb }
            return .address(address)
        }
        if let address = IPAddress(String(text)) { return .address(address) }
        let name: String
        do throws(DomainError) {
            name = try Domain(parsing: String(text)).ascii
        } catch {
            throw .notWeb
        }
        // Resolvers take all of these for IPv4; and names that IDNA folds to digits, too.
        let last = name.split(separator: ".").last ?? ""
        guard !last.allSatisfy(\.isNumber), !last.hasPrefix("0x") else {
            throw .oddAddress(String(text))
        }
        return .name(name)
    }

    private static func port(_ text: Substring) throws(ParsingError) -> Int {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(text),
            (1...65_535).contains(port)
        else { throw .notWeb }
        return port
    }

    /// `path-abempty [ "?" query ]`: unreserved, sub-delims, `:@/?` and whole percent-encodings.
    /// RFC 3986 §3.3.
    private static func target(_ text: Substring) throws(ParsingError) -> String {
        var hexDigitsDue = 0
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            if hexDigitsDue > 0 {
                guard character.isHexDigit else { throw .notWeb }
                hexDigitsDue -= 1
            } else if character == "%" {
                hexDigitsDue = 2
            } else {
                guard byte < 0x80,
                    character.isLetter || character.isNumber
                        || "-._~!$&'()*+,;=:@/?".contains(character)
                else { throw .notWeb }
            }
        }
        guard hexDigitsDue == 0 else { throw .notWeb }
        return text.hasPrefix("/") ? String(text) : "/\(text)"
    }

    /// The `Host` field. RFC 9110 §7.2.
    package var hostField: String {
        let text =
            switch host {
            case .name(let name): name
            case .address(let address): address.isIPv6 ? "[\(address)]" : "\(address)"
            }
        return port == scheme.defaultPort ? text : "\(text):\(port)"
    }

    package var description: String { "\(scheme.rawValue)://\(hostField)\(target)" }
}
