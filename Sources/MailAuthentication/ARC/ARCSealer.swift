package import MailModel

/// Seals a mail: adds the next set to its ARC chain. RFC 8617 §5.1
package struct ARCSealer: Sendable {
    /// The form of every message signature of ours, with which the mail is to be read.
    package static let form = SigningForm(header: .relaxed, body: .relaxed)

    package let domain: Domain
    package let selector: String
    private let key: SigningKey
    private let signedFields: [String]

    /// `signedFields` are names in lower case, in the order of `h=`; each stands for one instance,
    /// and one that the mail does not have is left out. They name From and no seal.
    package init(
        domain: Domain, selector: String, key: SigningKey, signedFields: [String] = Self.fields
    ) {
        self.domain = domain
        self.selector = selector
        self.key = key
        self.signedFields = signedFields
    }

    /// RFC 8617 §4.1.2 signs what DKIM would, the signatures of DKIM too.
    package static let fields =
        DKIMSigningSettings.recommendedFields + ["dkim-signature"]

    /// The three fields, with their line ends, that are to be put on top of the mail. Nil: the chain
    /// has ended, by a `cv=fail` or by as many sets as there may be.
    ///
    /// `results` are the authentication results, with the name of who found them, as they stand in
    /// an Authentication-Results field; their line ends are those of folding. `chain` is what was
    /// found of the chain so far.
    package func fields(
        for mail: SignedMail, results: [UInt8], chain: ARCResult, at now: Timestamp
    ) throws(SigningFailure) -> [UInt8]? {
        try mail.checkHeader()
        let instance = mail.chain.highestInstance + 1
        guard instance <= ARCChain.setsMax, !mail.chain.hasEnded else { return nil }
        let aar = Array("ARC-Authentication-Results: i=\(instance); ".utf8) + results + [13, 10]
        guard MailFields(aar).fields.map(\.range) == [aar.indices] else {
            throw SigningFailure("the results are no field's body")
        }
        let ams = try messageSignature(mail, instance, at: now)
        let seal = try seal(mail, [aar, ams], instance, chain, at: now)
        return seal + ams + aar
    }

    private func messageSignature(
        _ mail: SignedMail, _ instance: Int, at now: Timestamp
    ) throws(SigningFailure) -> [UInt8] {
        let names = signedFields.filter { !mail.fields.all($0).isEmpty }
        guard names.contains("from") else {
            throw SigningFailure("the mail has no From, or it is not to be signed")
        }
        let bodyHash = mail.bodyHashes.result(Self.form.bodyHashKey).digest ?? []
        let field = SignatureField(
            "ARC-Message-Signature",
            [
                "a=\(key.algorithm.rawValue)", "b=", "bh=\(Base64.text(bodyHash))",
                "c=\(Self.form.text)", "d=\(domain.ascii)",
                "h=\(names.joined(separator: ":"))", "i=\(instance)", "s=\(selector)",
                "t=\(now.milliseconds / 1000)",
            ], .arc)
        let bytes = field.signedBytes(
            of: mail.fields, names: names, canonicalization: Self.form.header)
        return field.signed(try key.signature(of: bytes))
    }

    /// Over the whole chain; where that is broken, over this set alone. RFC 8617 §5.1.2
    private func seal(
        _ mail: SignedMail, _ own: [[UInt8]], _ instance: Int, _ chain: ARCResult,
        at now: Timestamp
    ) throws(SigningFailure) -> [UInt8] {
        let field = SignatureField(
            "ARC-Seal",
            [
                "a=\(key.algorithm.rawValue)", "b=", "cv=\(chain.rawValue)",
                "d=\(domain.ascii)", "i=\(instance)", "s=\(selector)",
                "t=\(now.milliseconds / 1000)",
            ], .arc)
        var bytes = chain == .pass ? mail.chain.sets.canonicalBytes(of: mail.fields) : []
        for added in own {
            let read = MailFields(added)
            for field in read.fields {
                Canonicalization.relaxed.append(field, of: read.bytes, to: &bytes)
            }
        }
        field.append(to: &bytes, .relaxed)
        bytes.removeLast(2)
        return field.signed(try key.signature(of: bytes))
    }
}
