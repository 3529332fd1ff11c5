import MailModel

/// Text of anyone in fields that people search as text, for the first `dmarc=` or `header.from=`:
/// it is ASCII, and nothing in it looks like a result of ours, inside quotes neither.
extension FieldValue {
    /// A name, or what stands for one: but for atoms, dots and address literals, it is `?`.
    static func searchable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { isSearchable($0) && $0 != "=" ? $0 : "?" }))
    }

    /// An address. The `=` of a dot-atom stays, which many return paths have (VERP, BATV), except
    /// behind what we write such pairs with.
    static func searchableAddress(_ address: String) -> String {
        guard let at = address.lastIndex(of: "@") else { return searchable(address) }
        let localPart = address[..<at]
        return (isDotAtom(localPart) ? withoutKeys(localPart) : searchable(String(localPart)))
            + "@" + searchableDomain(address[address.index(after: at)...])
    }

    /// An `i=`: of a local part that could be taken for more than that, the domain alone stays.
    static func searchableIdentity(_ identity: String) -> String {
        guard let at = identity.lastIndex(of: "@") else { return searchable(identity) }
        let localPart = identity[..<at]
        let isPlain = isDotAtom(localPart) && !localPart.contains("=")
        return (isPlain ? localPart : "") + "@"
            + searchableDomain(identity[identity.index(after: at)...])
    }

    private static func searchableDomain(_ text: Substring) -> String {
        (try? Domain(parsing: String(text)))?.ascii ?? searchable(String(text))
    }

    private static func isSearchable(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte = UInt8(exactly: scalar.value) else { return false }
        return AddressParser.isAtomText(byte) || ".:[]".utf8.contains(byte)
    }

    /// What stands before `=` in the fields that we write, and in those of RFC 8601, or ends it.
    private static let keys = [
        "spf", "dkim", "dmarc", "arc", "iprev", "client-ip", "envelope-from", "helo", "mailfrom",
        ".from", ".i", ".d", ".s", ".b", ".a", "reason",
    ]

    private static func withoutKeys(_ localPart: Substring) -> String {
        let pieces = localPart.split(separator: "=", omittingEmptySubsequences: false)
        return zip(pieces, pieces.dropFirst()).reduce(into: String(pieces[0])) { text, pair in
            let front = pair.0.lowercased()
            text += (keys.contains { front.hasSuffix($0) } ? "?" : "=") + pair.1
        }
    }
}
