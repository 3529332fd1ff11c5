package import MailModel

/// Signs mail as a domain. The same mail, key, settings and time give the same field. RFC 6376 §5
package struct DKIMSigner: Sendable {
    package let domain: Domain
    package let selector: String
    private let key: SigningKey
    private let settings: DKIMSigningSettings

    /// The key record is to be at `<selector>._domainkey.<domain>`.
    package init(
        domain: Domain, selector: String, key: SigningKey,
        settings: DKIMSigningSettings = DKIMSigningSettings()
    ) {
        self.domain = domain
        self.selector = selector
        self.key = key
        self.settings = settings
    }

    /// The DKIM-Signature field, with its CRLF, that is to be put on top of the mail. `mail` was
    /// read with the form of these settings.
    package func field(for mail: SignedMail, at now: Timestamp) throws(SigningFailure) -> [UInt8] {
        try mail.checkHeader()
        let names = settings.signedNames(of: mail.fields)
        guard !mail.fields.all("from").isEmpty, names.contains("from") else {
            throw SigningFailure("the mail has no From, or it is not to be signed")
        }
        let field = SignatureField("DKIM-Signature", tags(names, mail, at: now), .dkim)
        let bytes = field.signedBytes(
            of: mail.fields, names: names, canonicalization: settings.form.header)
        return field.signed(try key.signature(of: bytes))
    }

    private func tags(_ names: [String], _ mail: SignedMail, at now: Timestamp) -> [String] {
        let seconds = now.milliseconds / 1000
        let bodyHash = mail.bodyHashes.result(settings.form.bodyHashKey).digest ?? []
        var tags = [
            "v=1", "a=\(key.algorithm.rawValue)", "c=\(settings.form.text)", "d=\(domain.ascii)",
        ]
        if let identity = settings.identity { tags.append("i=\(identity)") }
        tags += ["q=dns/txt", "s=\(selector)"]
        if settings.hasTime { tags.append("t=\(seconds)") }
        if let lifetime = settings.lifetimeSeconds { tags.append("x=\(seconds + lifetime)") }
        return tags + ["h=\(names.joined(separator: " : "))", "bh=\(Base64.text(bodyHash))", "b="]
    }
}

/// What a signature of ours covers and says.
package struct DKIMSigningSettings: Sendable {
    package var form = SigningForm()
    /// Names of fields in lower case, in the order of `h=`; each instance that the mail has is
    /// signed. RFC 6376 §5.4.1
    package var signedFields = Self.recommendedFields
    /// Names in lower case that are signed once more than the mail has them, so that nobody can
    /// add another. RFC 6376 §8.15
    package var oversignedFields = Self.singleFields
    /// `i=`, where it is not the domain alone: of the domain of `d=` or one below it, and free of
    /// what would have to be quoted.
    package var identity: String?
    /// Whether there is a `t=`.
    package var hasTime = true
    /// How long after `t=` the signature expires, by `x=`.
    package var lifetimeSeconds: Int64?

    package init() {}

    /// What RFC 6376 §5.4.1 names, and what says how the body is to be read.
    package static let recommendedFields = [
        "from", "sender", "reply-to", "subject", "date", "message-id", "to", "cc", "mime-version",
        "content-type", "content-transfer-encoding", "content-id", "content-description",
        "resent-date", "resent-from", "resent-sender", "resent-to", "resent-cc",
        "resent-message-id", "in-reply-to", "references", "list-id", "list-help",
        "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post", "list-owner",
        "list-archive",
    ]

    /// What a mail has once, and readers show or go by. RFC 5322 §3.6
    package static let singleFields = [
        "from", "sender", "reply-to", "subject", "date", "message-id", "to", "cc", "mime-version",
        "content-type", "content-transfer-encoding",
    ]

    func signedNames(of mail: MailFields) -> [String] {
        signedFields.flatMap { name in mail.all(name).map { _ in name } } + oversignedFields
    }
}

extension SignatureField {
    /// What a signature in this field is over: the named fields of the mail, and this one.
    func signedBytes(
        of mail: MailFields, names: [String], canonicalization: Canonicalization
    ) -> [UInt8] {
        var output: [UInt8] = []
        for index in mail.selected(by: names, except: nil) {
            canonicalization.append(mail.fields[index], of: mail.bytes, to: &output)
        }
        append(to: &output, canonicalization)
        output.removeLast(2)
        return output
    }

    /// This field without its signature, in the form that is signed.
    func append(to output: inout [UInt8], _ canonicalization: Canonicalization) {
        let own = MailFields(unsigned)
        for field in own.fields { canonicalization.append(field, of: own.bytes, to: &output) }
    }
}
