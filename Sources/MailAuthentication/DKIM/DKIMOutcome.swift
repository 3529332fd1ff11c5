package import MailModel

/// The words for what became of one signature, verbatim. RFC 8601 §2.7.1
package enum DKIMResult: String, Sendable, Hashable {
    /// The mail has no signature.
    case none
    case pass
    /// The signature was acceptable, and what it signs is not what came.
    case fail
    /// The signature was not acceptable to us by our own policy.
    case policy
    /// There is a signature that we did not process.
    case neutral
    /// The DNS did not answer; it may later.
    case temperror
    /// The signature or its key cannot be used, now and later. RFC 6376 §3.9
    case permerror
}

/// What became of one DKIM-Signature field: a verdict with its reason. What the signature says of
/// itself is there as far as it could be read.
package struct DKIMOutcome: Sendable, Hashable {
    package var result: DKIMResult
    package var reason: DKIMReason
    /// `d=`: who takes responsibility. Only in a `pass` it is known to be true.
    package var domain: Domain?
    /// `s=`. Texts here hold no control character, whatever the signature has.
    package var selector: String?
    /// `i=`, decoded, or what it is by default: `@` and the domain. Of RFC 8601's `header.i`.
    package var identity: String?
    /// `a=`, as written.
    package var algorithm: String?
    /// The first eight characters of `b=`, which tell signatures apart. RFC 6008 §4
    package var signatureStart: String?
    /// The modulus of an RSA key; 256 for Ed25519.
    package var keyBits: Int?
    /// The key's `t=y`: the domain tests DKIM, and the mail is to be treated as if it were not
    /// signed. RFC 6376 §3.6.1
    package var isTesting = false
    /// `l=`: how many bytes of the canonical body are signed.
    package var bodyLengthLimit: Int?
    /// Bytes of the canonical body beyond `bodyLengthLimit`: anyone may have written them.
    package var unsignedBytes = 0
    /// Whether the domain stands for what a reader sees: it passed, does not test, and signed the
    /// whole body.
    package var isEvidence: Bool { result == .pass && !isTesting && unsignedBytes == 0 }
    /// What was done, in order.
    package var steps: [DKIMStep] = []

    package init(_ result: DKIMResult, _ reason: DKIMReason) {
        self.result = result
        self.reason = reason
    }

    /// The outcome as far as it stands for the mail that a reader sees: a good signature over a part
    /// of the body, or on a mail of several From fields, is one that we do not accept, with its
    /// reason. RFC 8601 §2.7.1 (`policy`)
    package func accepted(for mail: SignedMail) -> DKIMOutcome {
        guard result == .pass, let refused = refusal(for: mail) else { return self }
        var outcome = self
        outcome.result = refused.result
        outcome.reason = refused
        outcome.steps.append(.ended(refused))
        return outcome
    }

    private func refusal(for mail: SignedMail) -> DKIMReason? {
        let authors = mail.fields.all("from").count
        if authors > 1 { return .severalAuthors(fields: authors) }
        return unsignedBytes > 0 ? .partOfBody(unsigned: unsignedBytes) : nil
    }

    /// There is an `l=`, which lets others add to the body.
    package var isBodyLengthLimited: Bool { bodyLengthLimit != nil }
}
