import DNS
import MailModel

/// What a DKIM-Signature and an ARC-Message-Signature have in common: a signature over header
/// fields and the body's hash. RFC 6376 §3.5, RFC 8617 §4.1.2
///
/// It never changes, and is handed on by reference, since a copy would count all that it holds.
final class MessageSignature: Sendable {
    let algorithm: SigningAlgorithm
    let headerCanonicalization: Canonicalization
    let bodyHashKey: BodyHashKey
    let domain: Domain
    /// `s=` and `d=`: where the key is, `<selector>._domainkey.<domain>`.
    let keyName: Domain
    /// `h=`, in lower case.
    let signedFields: [String]
    let bodyHash: [UInt8]
    let signature: [UInt8]
    /// `t=` and `x=`, in seconds since 1970.
    let signedAt: Int64?
    let expiresAt: Int64?

    /// Reads what every signature has. Throws what makes it none. RFC 6376 §6.1.1
    init(_ tags: TagList) throws(SignatureDefect) {
        let reader = SignatureTags(tags)
        algorithm = try reader.algorithm()
        signature = try reader.base64("b")
        bodyHash = try reader.base64("bh")
        let canonicalization = try reader.canonicalization()
        headerCanonicalization = canonicalization.header
        bodyHashKey = BodyHashKey(
            canonicalization: canonicalization.body, hash: algorithm.hash,
            limit: try reader.number("l").map { Int($0) })
        domain = try reader.domain()
        keyName = try reader.keyName(in: domain)
        signedFields = try reader.signedFields()
        guard signedFields.contains("from") else { throw .fromNotSigned }
        signedAt = try reader.number("t")
        expiresAt = try reader.number("x")
        if let signedAt, let expiresAt, expiresAt <= signedAt { throw .expiresBeforeSigned }
    }

    /// What keeps this signature from being accepted whatever its key is.
    func check(_ policy: DKIMPolicy, at now: Timestamp) -> DKIMReason? {
        if algorithm == .rsaSHA1, !policy.acceptsSHA1 {
            return .historicAlgorithm(algorithm.rawValue)
        }
        let seconds = now.milliseconds / 1000
        if let expiresAt, seconds > expiresAt { return .expired(at: expiresAt) }
        if let signedAt, signedAt > seconds + policy.clockSkewSeconds {
            return .signedInFuture(at: signedAt)
        }
        return nil
    }

    /// The bytes that are signed: the fields that are named, then the signature's own without the
    /// value of its `b=` and without its final line end. RFC 6376 §3.7
    func signedBytes(of mail: MailFields, own index: Int, omitting omitted: Range<Int>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(4096)
        for chosen in mail.selected(by: signedFields, except: index) {
            headerCanonicalization.append(mail.fields[chosen], of: mail.bytes, to: &output)
        }
        headerCanonicalization.append(
            mail.fields[index], of: mail.bytes, omitting: omitted, to: &output)
        output.removeLast(2)
        return output
    }
}

/// Reads the values of a signature's tags. RFC 6376 §3.5
struct SignatureTags {
    private let tags: TagList

    init(_ tags: TagList) {
        self.tags = tags
    }

    func required(_ name: StaticString) throws(SignatureDefect) -> ArraySlice<UInt8> {
        guard let value = tags[name] else { throw .missing(tag: "\(name)") }
        return value
    }

    func algorithm() throws(SignatureDefect) -> SigningAlgorithm {
        let name = try required("a")
        guard let algorithm = SigningAlgorithm(rawValue: String(decoding: name, as: UTF8.self))
        else { throw .unknownAlgorithm(name.shownText) }
        return algorithm
    }

    func base64(_ name: StaticString) throws(SignatureDefect) -> [UInt8] {
        guard let bytes = Base64.decodeStrictly(try required(name)), !bytes.isEmpty else {
            throw .unusable(tag: "\(name)")
        }
        return bytes
    }

    /// `c=`: without it both are simple, and with one word the body is.
    func canonicalization() throws(SignatureDefect) -> (
        header: Canonicalization, body: Canonicalization
    ) {
        guard let value = tags["c"] else { return (.simple, .simple) }
        let words = value.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Canonicalization(rawValue: String(decoding: $0, as: UTF8.self)) }
        switch words.count {
        case 1:
            guard let header = words[0] else { break }
            return (header, .simple)
        case 2:
            guard let header = words[0], let body = words[1] else { break }
            return (header, body)
        default: break
        }
        throw .unusable(tag: "c")
    }

    func domain() throws(SignatureDefect) -> Domain {
        let value = String(decoding: try required("d"), as: UTF8.self)
        // RFC 6376 §3.5: of two labels at least.
        guard let domain = try? Domain(parsing: value), domain.ascii.contains(".") else {
            throw .unusable(tag: "d")
        }
        return domain
    }

    func keyName(in domain: Domain) throws(SignatureDefect) -> Domain {
        let selector = String(decoding: try required("s"), as: UTF8.self)
        do throws(DomainError) {
            guard !selector.hasSuffix(".") else { throw .invalid }
            let name = try Domain(parsing: "\(selector)._domainkey.\(domain.ascii)")
            // Shorter than a domain of mail may be: RFC 1035 §2.3.4 against RFC 5321 §4.5.3.1.2.
            guard name.isQueryName else { throw .tooLong }
            return name
        } catch {
            throw .unusable(tag: "s")
        }
    }

    /// `h=`: names of fields.
    ///
    /// QUIRK: `from:to::date` has an empty name, which names no field and is passed over.
    func signedFields() throws(SignatureDefect) -> [String] {
        var names: [String] = []
        names.reserveCapacity(32)
        var rest = try required("h")
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            let name = rest[..<end].trimmingFoldingSpace()
            rest = rest[end...].dropFirst()
            guard name.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw .unusable(tag: "h") }
            if !name.isEmpty { names.append(name.lowercasedText) }
        }
        return names
    }

    /// Decimal digits; more than fit stand for the largest number.
    func number(_ name: StaticString) throws(SignatureDefect) -> Int64? {
        guard let digits = tags[name] else { return nil }
        guard !digits.isEmpty, digits.count <= 76, digits.allSatisfy(\.isASCIIDigit) else {
            throw .unusable(tag: "\(name)")
        }
        return Int64(String(decoding: digits, as: UTF8.self)) ?? .max
    }
}
