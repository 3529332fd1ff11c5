package import DNS
package import MailModel

/// Verifies DKIM signatures. RFC 6376 §6, RFC 8301, RFC 8463
///
/// It says who signed what, and no more: a signed mail that is sent again to others has the same
/// good signature, and nothing in it tells the one from the other. RFC 6376 §8.6
package struct DKIMVerifier: Sendable {
    private let resolver: any DNSResolver
    private let keys: KeyReader
    private let policy: DKIMPolicy
    private let time: any TimeSource

    package init(
        resolver: any DNSResolver, rsa: any RSACryptography, time: any TimeSource,
        policy: DKIMPolicy = DKIMPolicy()
    ) {
        self.resolver = resolver
        keys = KeyReader(rsa: rsa, rsaKeyBits: policy.rsaKeyBits)
        self.policy = policy
        self.time = time
    }

    /// What became of each signature, from the top of the mail; one outcome `none` for a mail that
    /// has no signature, and one at the end for those beyond the policy's number.
    package func verify(_ mail: SignedMail) async -> [DKIMOutcome] {
        guard !mail.signatures.isEmpty else { return [DKIMOutcome(.none, .notSigned)] }
        let now = time.now()
        let wanted = mail.signatures.compactMap { found -> Domain? in
            guard mail.headerDefect == nil, let signature = try? found.signature.get(),
                signature.message.check(policy, at: now) == nil
            else { return nil }
            return signature.message.keyName
        }
        var answers = KeyAnswers(from: resolver)
        await answers.ask(for: Set(wanted))
        var outcomes = mail.signatures.map { found in
            var check = DKIMCheck(mail: mail, found: found)
            check.run(answers, keys: keys, policy: policy, at: now)
            return check.outcome
        }
        let rest = mail.signaturesCount - mail.signatures.count
        if rest > 0 { outcomes.append(DKIMOutcome(.neutral, .notRead(count: rest))) }
        return outcomes
    }
}

/// The check of one signature: the steps of RFC 6376 §6.1, and its outcome.
struct DKIMCheck {
    let mail: SignedMail
    let found: FoundSignature
    private(set) var outcome = DKIMOutcome(.none, .notSigned)

    init(mail: SignedMail, found: FoundSignature) {
        self.mail = mail
        self.found = found
    }

    mutating func run(
        _ answers: KeyAnswers, keys: KeyReader, policy: DKIMPolicy, at now: Timestamp
    ) {
        if let tags = try? found.tags.get() {
            outcome.describe(tags, try? found.signature.get())
        }
        let reason = judge(answers, keys: keys, policy: policy, at: now)
        outcome.result = reason.result
        outcome.reason = reason
        outcome.steps.append(.ended(reason))
    }

    private mutating func judge(
        _ answers: KeyAnswers, keys: KeyReader, policy: DKIMPolicy, at now: Timestamp
    ) -> DKIMReason {
        let signature: DKIMSignature
        switch found.signature {
        case .success(let read): signature = read
        case .failure(let defect): return .unreadable(defect)
        }
        noteRead(signature.message)
        if let defect = mail.headerDefect { return .malformedHeader(defect) }
        if let reason = signature.message.check(policy, at: now) { return reason }
        let usable: [UsableKey]
        do throws(KeyRefusal) {
            usable = try find(signature, answers, keys)
        } catch {
            outcome.keyBits = error.bits
            return error.reason
        }
        return bodyDefect(signature.message) ?? headerReason(signature, usable)
    }

    private mutating func noteRead(_ signature: MessageSignature) {
        outcome.bodyLengthLimit = signature.bodyHashKey.limit
        outcome.steps.append(
            .read(
                algorithm: signature.algorithm.rawValue,
                canonicalization: "\(signature.headerCanonicalization.rawValue)/"
                    + signature.bodyHashKey.canonicalization.rawValue,
                signedFields: signature.signedFields))
    }

    private mutating func find(
        _ signature: DKIMSignature, _ answers: KeyAnswers, _ keys: KeyReader
    ) throws(KeyRefusal) -> [UsableKey] {
        let answer = answers[signature.message.keyName]
        outcome.steps.append(
            .askedForKey(name: signature.message.keyName.ascii, answer: answer.step))
        let usable = try keys.keys(in: answer, for: signature.message.algorithm)
        let fitting = usable.filter {
            !$0.record.wantsExactDomain || signature.identityDomain == signature.message.domain
        }
        guard let first = fitting.first else { throw KeyRefusal(reason: .identityInSubdomain) }
        note(first)
        return fitting
    }

    private mutating func note(_ key: UsableKey) {
        outcome.keyBits = key.bits
        outcome.isTesting = key.record.isTesting
    }

    private mutating func bodyDefect(_ signature: MessageSignature) -> DKIMReason? {
        let (digest, length) = mail.bodyHashes.result(signature.bodyHashKey)
        let limit = signature.bodyHashKey.limit
        outcome.unsignedBytes = limit.map { max(0, length - $0) } ?? 0
        guard let digest else { return .bodyTooShort(limit: limit ?? 0, length: length) }
        outcome.steps.append(
            .bodyHash(signed: signature.bodyHash, computed: digest, bytes: limit ?? length))
        return digest == signature.bodyHash ? nil : .bodyDiffers
    }

    private mutating func headerReason(
        _ signature: DKIMSignature, _ usable: [UsableKey]
    ) -> DKIMReason {
        guard let omitted = (try? found.tags.get())?.tag("b")?.rawValue.indices else {
            return .unreadable(.missing(tag: "b"))
        }
        let bytes = signature.message.signedBytes(
            of: mail.fields, own: found.index, omitting: omitted)
        for key in usable {
            let isGood = key.isValid(
                signature.message.signature, of: bytes, by: signature.message.algorithm)
            outcome.steps.append(.key(type: key.record.type, bits: key.bits))
            outcome.steps.append(.header(canonicalBytes: bytes.count, isGood: isGood))
            guard isGood else { continue }
            note(key)
            return .verified
        }
        return .headerDiffers
    }
}

extension KeyAnswers.Answer {
    var step: DKIMStep.KeyAnswer {
        switch self {
        case .texts(let texts): .records(texts.count)
        case .noRecord: .noRecord
        case .noSuchName: .noSuchName
        case .failed(let failure): .failed(failure.description)
        }
    }
}
