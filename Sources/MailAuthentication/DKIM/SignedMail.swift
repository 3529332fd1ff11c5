/// A mail that is read for its signatures: the header section first, the body in pieces as it comes,
/// in one pass whatever the signatures are.
///
/// What ends a line stays as it was received; a file whose lines end in a bare LF is to be given
/// with CRLF.
package struct SignedMailReader: Sendable {
    private let fields: MailFields
    private let signatures: [FoundSignature]
    private let chain: ARCChain
    private var bodyHashes: BodyHashes
    private var hasBody = false

    /// `header` is the header section, to and with its empty line; what follows that is taken as
    /// the beginning of the body. `forms` are those of signatures that are to be made.
    package init(
        header: [UInt8], policy: DKIMPolicy = DKIMPolicy(), forms: [SigningForm] = []
    ) {
        let fields = MailFields(header)
        self.fields = fields
        signatures = fields.all("dkim-signature").prefix(policy.signaturesMax)
            .map { FoundSignature(fields, at: $0) }
        chain = ARCChain(fields)
        var keys = Set(signatures.compactMap(\.bodyHashKey))
        keys.formUnion(chain.bodyHashKeys)
        keys.formUnion(forms.map(\.bodyHashKey))
        bodyHashes = BodyHashes(keys)
        header.withUnsafeBytes { append(UnsafeRawBufferPointer(rebasing: $0[fields.length...])) }
    }

    package mutating func append(_ body: UnsafeRawBufferPointer) {
        hasBody = hasBody || !body.isEmpty
        bodyHashes.append(body)
    }

    /// The end of the mail.
    package consuming func finish() -> SignedMail {
        bodyHashes.finish()
        // A mail may be a header section alone, without the empty line. RFC 5322 §3.5
        let isEnded = fields.isEnded || !hasBody
        return SignedMail(
            fields: fields, headerDefect: fields.defect ?? (isEnded ? nil : .noEmptyLine),
            signatures: signatures, chain: chain, bodyHashes: bodyHashes)
    }
}

/// A mail with the signatures that stand in it, and the hashes of its body that they want: what
/// `DKIMVerifier` and `ARCVerifier` verify, and `DKIMSigner` and `ARCSealer` sign.
package struct SignedMail: Sendable {
    let fields: MailFields
    /// Where there is one no signature says anything, and none is made.
    let headerDefect: HeaderSectionDefect?
    let signatures: [FoundSignature]
    let chain: ARCChain
    let bodyHashes: BodyHashes

    fileprivate init(
        fields: MailFields, headerDefect: HeaderSectionDefect?, signatures: [FoundSignature],
        chain: ARCChain, bodyHashes: BodyHashes
    ) {
        self.fields = fields
        self.headerDefect = headerDefect
        self.signatures = signatures
        self.chain = chain
        self.bodyHashes = bodyHashes
    }

    /// A whole mail, header and body.
    package init(
        _ mail: [UInt8], policy: DKIMPolicy = DKIMPolicy(), forms: [SigningForm] = []
    ) {
        self = SignedMailReader(header: mail, policy: policy, forms: forms).finish()
    }

    /// Throws where no verifier ought to take a signature of the mail.
    func checkHeader() throws(SigningFailure) {
        guard let headerDefect else { return }
        throw SigningFailure("the header section is malformed: \(headerDefect)")
    }

    /// All DKIM-Signature fields, those that are not looked at too.
    var signaturesCount: Int { fields.all("dkim-signature").count }
}

/// A DKIM-Signature field where it stands, read as far as it can be.
struct FoundSignature: Sendable {
    let index: Int
    let tags: Result<TagList, TagListDefect>
    let signature: Result<DKIMSignature, SignatureDefect>

    init(_ mail: MailFields, at index: Int) {
        self.index = index
        tags = Result { () throws(TagListDefect) in
            try TagList(mail.body(of: mail.fields[index]))
        }
        switch tags {
        case .success(let tags):
            signature = Result { () throws(SignatureDefect) in try DKIMSignature(tags) }
        case .failure(let defect): signature = .failure(.tagList(defect))
        }
    }

    var bodyHashKey: BodyHashKey? { (try? signature.get())?.message.bodyHashKey }
}
