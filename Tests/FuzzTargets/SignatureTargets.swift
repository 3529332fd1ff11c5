import DNS
import LibCrypto
import MailAuthentication
import MailModel
import TestSupport

extension FuzzTarget {
    /// A tag list: what was read is read again from what it says.
    static let tagList = FuzzTarget("tag-list") { bytes in
        guard let list = try? TagList(bytes[...]) else { return }
        var written: [UInt8] = []
        for tag in list.tags {
            written += tag.name + [UInt8(ascii: "=")] + tag.rawValue + [UInt8(ascii: ";")]
        }
        let again = try TagList(written[...])
        try requireEqual(again.tags.map(\.name), list.tags.map(\.name), "names read again")
        try requireEqual(again.tags.map(\.value), list.tags.map(\.value), "values read again")
    }

    /// A DKIM-Signature field on a mail whose key is known.
    static let dkimSignature = FuzzTarget("dkim-signature") { bytes in
        let mail = Array("DKIM-Signature: ".utf8) + bytes + Array("\r\n\(Signatures.mail)".utf8)
        _ = try Signatures.outcomes(mail, record: Signatures.record)
    }

    /// A key record for a mail that was signed well: it passes with the key that signed it alone.
    static let dkimKey = FuzzTarget("dkim-key") { bytes in
        let mail = try Signatures.signed(Array(Signatures.mail.utf8))
        let outcomes = try Signatures.outcomes(mail, record: bytes)
        guard outcomes[0].result == .pass else { return }
        let digits = bytes.filter { !" \t\r\n".utf8.contains($0) }
        let isOurs = digits.firstRange(of: Array(Signatures.publicKey.prefix(42).utf8)) != nil
        try require(isOurs, "it passes with another key")
    }

    /// A whole mail: it is verified the same in whatever pieces it comes, and signed by us it passes;
    /// where its header section has no defect, those who read it find the same fields and body.
    static let dkimMail = FuzzTarget("dkim-mail") { bytes in
        let whole = try Signatures.outcomes(bytes, record: Signatures.record)
        try Signatures.checkReaders(bytes)
        let end = MailFields(bytes).length
        for pieces in Splits.of(bytes[end...]) {
            try requireEqual(
                try Signatures.outcomes(
                    Array(bytes[..<end]), pieces, record: Signatures.record), whole, "in pieces")
        }
        guard let signed = try? Signatures.signed(bytes) else { return }
        let outcomes = try Signatures.outcomes(signed, record: Signatures.record)
        try requireEqual(outcomes[0].reason, .verified, "signed by us")
    }

    /// A mail with ARC sets: sealed by us its chain is as good as it was, or there is no chain to be
    /// added to.
    static let arc = FuzzTarget("arc") { bytes in
        let before = try Signatures.chain(bytes)
        try require(before.steps.count <= 53, "more steps than there may be")
        guard let sealed = try? Signatures.sealed(bytes, before) else { return }
        let after = try Signatures.chain(sealed)
        switch before.result {
        case .none, .pass:
            try requireEqual(after.reason, .verified, "sealed by us")
            try requireEqual(after.setsCount, before.setsCount + 1, "sets")
        case .fail: try requireEqual(after.reason, .failedBefore, "sealed by us, broken")
        }
    }
}

private enum Signatures {
    static let now = Timestamp(milliseconds: 1_790_000_000_000)
    static let domain = Domain(validatedASCII: "football.example.com")
    static let mail = "From: a@football.example.com\r\nSubject: s\r\n\r\nbody\r\n"
    /// Of RFC 8463 §A.2, with its private key below.
    static let publicKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    static let record = Array("v=DKIM1; k=ed25519; p=\(publicKey)".utf8)

    private static let seed: [UInt8] = [
        0x9D, 0x61, 0xB1, 0x9D, 0xEF, 0xFD, 0x5A, 0x60, 0xBA, 0x84, 0x4A, 0xF4, 0x92, 0xEC, 0x2C,
        0xC4, 0x44, 0x49, 0xC5, 0x69, 0x7B, 0x32, 0x69, 0x19, 0x70, 0x3B, 0xAC, 0x03, 0x1C, 0xAE,
        0x7F, 0x60,
    ]

    private static var key: SigningKey {
        get throws {
            guard let key = SigningKey(ed25519Seed: seed) else { throw FuzzFind("no key") }
            return key
        }
    }

    static func outcomes(_ mail: [UInt8], record: [UInt8]) throws -> [DKIMOutcome] {
        try outcomes(mail, [], record: record)
    }

    /// The verdicts on a mail, each of which must fit its reason.
    static func outcomes(
        _ header: [UInt8], _ pieces: [ArraySlice<UInt8>], record: [UInt8]
    ) throws -> [DKIMOutcome] {
        let outcomes = try CallersThread.run {
            var reader = SignedMailReader(header: header)
            for piece in pieces { piece.withUnsafeBytes { reader.append($0) } }
            return await DKIMVerifier(
                resolver: OneText(text: record), rsa: LibCryptoRSA(), time: ManualTime(now)
            ).verify(reader.finish())
        }
        try require((1...11).contains(outcomes.count), "\(outcomes.count) outcomes")
        for outcome in outcomes {
            try requireEqual(outcome.result, outcome.reason.result, "the word of \(outcome.reason)")
            try require(outcome.unsignedBytes >= 0, "less than no bytes")
            guard outcome.result == .pass else { continue }
            try require(outcome.domain != nil, "a pass of nobody")
            try require(outcome.keyBits.map { $0 == 256 || $0 >= 1024 } == true, "a small key")
        }
        return outcomes
    }

    /// A defect for one of them is one for the others, too.
    static func checkReaders(_ mail: [UInt8]) throws {
        let fields = MailFields(mail)
        let block = HeaderBlock(mail[...])
        guard fields.defect == nil else { return }
        try requireEqual(block.defects, [], "defects for who reads the header")
        try requireEqual(
            block.fields.map(\.range), fields.fields.map(\.range), "the fields for who reads")
        try requireEqual(block.length, fields.length, "the body for who reads the header")
        try requireEqual(
            MIMEMessage(mail).root.header.length, fields.length, "the body for who reads MIME")
    }

    static func signed(_ mail: [UInt8]) throws -> [UInt8] {
        let signer = DKIMSigner(domain: domain, selector: "s", key: try key)
        return try signer.field(for: SignedMail(mail, forms: [SigningForm()]), at: now) + mail
    }

    static func chain(_ mail: [UInt8]) throws -> ARCOutcome {
        try CallersThread.run {
            await ARCVerifier(
                resolver: OneText(text: record), rsa: LibCryptoRSA(), time: ManualTime(now)
            ).verify(SignedMail(mail))
        }
    }

    static func sealed(_ mail: [UInt8], _ chain: ARCOutcome) throws -> [UInt8]? {
        let sealer = ARCSealer(domain: domain, selector: "s", key: try key)
        let read = SignedMail(mail, forms: [ARCSealer.form])
        return try sealer.fields(
            for: read, results: Array("mx.example; none".utf8), chain: chain.result, at: now
        ).map { $0 + mail }
    }
}

/// A DNS with the same text under every name.
private struct OneText: DNSResolver {
    let text: [UInt8]

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        DNSAnswer(.records([.text([text])]))
    }
}
