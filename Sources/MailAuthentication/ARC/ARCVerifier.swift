package import DNS
package import MailModel

/// Verifies the ARC chain of a mail. RFC 8617 §5.2
package struct ARCVerifier: Sendable {
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

    package func verify(_ mail: SignedMail) async -> ARCOutcome {
        var outcome = await judge(mail)
        outcome.steps.append(.ended(outcome.result, outcome.reason))
        return outcome
    }

    private func judge(_ mail: SignedMail) async -> ARCOutcome {
        let chain = mail.chain
        var outcome = ARCOutcome(.fail, .noSets)
        outcome.setsCount = chain.highestInstance
        if chain.hasEnded {
            outcome.reason = .failedBefore
            return outcome
        }
        if let defect = chain.defect ?? Self.wrongChainValue(chain) {
            outcome.reason = .structure(defect)
            return outcome
        }
        guard let last = chain.sets.last else { return ARCOutcome(.none, .noSets) }
        outcome.sealers = chain.sets.map(\.seal.domain)
        outcome.steps.append(.found(sets: chain.sets.count))
        await judge(mail, from: last, &outcome)
        if outcome.result == .pass { await findOldestPass(mail, &outcome) }
        return outcome
    }

    /// The seal of the first set says none, those after it say pass.
    private static func wrongChainValue(_ chain: ARCChain) -> ARCDefect? {
        chain.sets.first { $0.seal.chainValue != ($0.instance == 1 ? .none : .pass) }
            .map { .chainValue(instance: $0.instance) }
    }

    /// The newest message signature, then all seals from the newest.
    private func judge(_ mail: SignedMail, from last: ARCSet, _ outcome: inout ARCOutcome) async {
        let names = mail.chain.sets.map(\.seal.keyName) + [last.signature.message.keyName]
        let answers = await KeyAnswers(for: Set(names), from: resolver)
        let reason = check(last.signature, of: mail, answers)
        outcome.note(last.signature, of: last.instance, reason)
        guard reason == .verified else {
            outcome.reason = .messageSignature(instance: last.instance, reason)
            return
        }
        for set in mail.chain.sets.reversed() {
            let reason = check(set.seal, of: mail, upTo: set.instance, answers)
            outcome.steps.append(
                .checkedSeal(instance: set.instance, domain: set.seal.domain.ascii, reason))
            guard reason == .verified else {
                outcome.reason = .seal(instance: set.instance, reason)
                return
            }
        }
        outcome.result = .pass
        outcome.reason = .verified
    }

    private func findOldestPass(_ mail: SignedMail, _ outcome: inout ARCOutcome) async {
        let older = mail.chain.sets.dropLast()
        let answers = await KeyAnswers(
            for: Set(older.map(\.signature.message.keyName)), from: resolver)
        outcome.oldestPass = 0
        for set in older.reversed() {
            let reason = check(set.signature, of: mail, answers)
            outcome.note(set.signature, of: set.instance, reason)
            guard reason == .verified else {
                outcome.oldestPass = set.instance + 1
                return
            }
        }
    }

    private func check(
        _ signature: ARCMessageSignature, of mail: SignedMail, _ answers: KeyAnswers
    ) -> DKIMReason {
        let message = signature.message
        if let reason = message.check(policy, at: time.now()) { return reason }
        let usable: [UsableKey]
        do throws(KeyRefusal) {
            usable = try keys.keys(in: answers[message.keyName], for: message.algorithm)
        } catch {
            return error.reason
        }
        let (digest, length) = mail.bodyHashes.result(message.bodyHashKey)
        guard let digest else {
            return .bodyTooShort(limit: message.bodyHashKey.limit ?? 0, length: length)
        }
        guard digest == message.bodyHash else { return .bodyDiffers }
        let bytes = message.signedBytes(
            of: mail.fields, own: signature.index, omitting: signature.omitted)
        let isGood = usable.contains {
            $0.isValid(message.signature, of: bytes, by: message.algorithm)
        }
        return isGood ? .verified : .headerDiffers
    }

    private func check(
        _ seal: ARCSeal, of mail: SignedMail, upTo instance: Int, _ answers: KeyAnswers
    ) -> DKIMReason {
        if seal.algorithm == .rsaSHA1, !policy.acceptsSHA1 {
            return .historicAlgorithm(seal.algorithm.rawValue)
        }
        let usable: [UsableKey]
        do throws(KeyRefusal) {
            usable = try keys.keys(in: answers[seal.keyName], for: seal.algorithm)
        } catch {
            return error.reason
        }
        let bytes = mail.chain.sets.prefix(instance).sealedBytes(of: mail.fields)
        let isGood = usable.contains { $0.isValid(seal.signature, of: bytes, by: seal.algorithm) }
        return isGood ? .verified : .headerDiffers
    }
}

extension ARCOutcome {
    fileprivate mutating func note(
        _ signature: ARCMessageSignature, of instance: Int, _ reason: DKIMReason
    ) {
        steps.append(
            .checkedSignature(
                instance: instance, domain: signature.message.domain.ascii, reason))
    }
}

extension Collection<ARCSet> {
    /// What the last seal of these is over: every set in order, of the last seal without its
    /// signature and its line end. RFC 8617 §5.1.1
    func sealedBytes(of mail: MailFields) -> [UInt8] {
        var output = dropLast().canonicalBytes(of: mail)
        for set in suffix(1) {
            set.append(to: &output, of: mail, omitting: set.seal.omitted)
            output.removeLast(2)
        }
        return output
    }

    /// Every set in order, whole.
    func canonicalBytes(of mail: MailFields) -> [UInt8] {
        var output: [UInt8] = []
        for set in self { set.append(to: &output, of: mail, omitting: nil) }
        return output
    }
}

extension ARCSet {
    /// Its results, its message signature and its seal.
    fileprivate func append(
        to output: inout [UInt8], of mail: MailFields, omitting omitted: Range<Int>?
    ) {
        for index in [results, signature.index] {
            Canonicalization.relaxed.append(mail.fields[index], of: mail.bytes, to: &output)
        }
        Canonicalization.relaxed.append(
            mail.fields[seal.index], of: mail.bytes, omitting: omitted, to: &output)
    }
}
