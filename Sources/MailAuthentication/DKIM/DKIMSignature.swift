import MailModel

/// A DKIM-Signature field. RFC 6376 §3.5
struct DKIMSignature: Sendable {
    let message: MessageSignature
    /// `i=`, decoded, or what it is by default.
    let identity: String
    /// The domain of `i=`.
    let identityDomain: Domain

    init(_ tags: TagList) throws(SignatureDefect) {
        guard let version = tags["v"] else { throw .missing(tag: "v") }
        guard version.equals("1") else { throw .version }
        message = try MessageSignature(tags)
        if let query = tags["q"], !query.colonSeparated().contains(where: { $0.equals("dns/txt") })
        {
            throw .unknownQuery
        }
        (identity, identityDomain) = try Self.identity(tags, in: message.domain)
    }

    private static func identity(
        _ tags: TagList, in domain: Domain
    ) throws(SignatureDefect) -> (String, Domain) {
        guard let encoded = tags["i"] else { return ("@\(domain.ascii)", domain) }
        guard let identity = identity(encoded), let at = identity.lastIndex(of: "@") else {
            throw .unusable(tag: "i")
        }
        let text = String(identity[identity.index(after: at)...])
        guard let own = try? Domain(parsing: text) else { throw .unusable(tag: "i") }
        guard own == domain || own.ascii.hasSuffix(".\(domain.ascii)") else {
            throw .identityOutsideDomain
        }
        return (identity, own)
    }

    /// `i=` decoded; nil where its escapes are none, or stand for control characters, which no
    /// address has.
    ///
    ///     dkim-quoted-printable = *( FWS / hex-octet / dkim-safe-char )   ; RFC 6376 §2.11
    static func identity(_ encoded: ArraySlice<UInt8>) -> String? {
        var output: [UInt8] = []
        var rest = encoded
        while let byte = rest.popFirst() {
            guard !byte.isFoldingSpace else { continue }
            guard byte == UInt8(ascii: "=") else {
                output.append(byte)
                continue
            }
            guard let value = Hexadecimal.byte(rest.prefix(2)) else { return nil }
            output.append(value)
            rest = rest.dropFirst(2)
        }
        guard output.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(decoding: output, as: UTF8.self)
    }
}

extension DKIMOutcome {
    /// Takes over what a signature says of itself, as far as it can be read; `known` is the whole
    /// of it, where that could be.
    mutating func describe(_ tags: TagList, _ known: DKIMSignature?) {
        domain =
            known?.message.domain
            ?? tags["d"].flatMap { try? Domain(parsing: String(decoding: $0, as: UTF8.self)) }
        selector = tags["s"]?.shownText
        algorithm = tags["a"]?.shownText
        identity =
            known?.identity ?? tags["i"].flatMap(DKIMSignature.identity)
            ?? domain.map { "@\($0.ascii)" }
        signatureStart = tags["b"].map {
            ($0.prefix(64).filter { !$0.isFoldingSpace }[...].prefix(8)).shownText
        }
    }
}
