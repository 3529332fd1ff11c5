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

    /// `findsOldestPass`: whether the older message signatures are looked at, too, each of which
    /// may want a key of its own and changes no verdict.
    package func verify(_ mail: SignedMail, findsOldestPass: Bool = false) async -> ARCOutcome {
        var outcome = ARCOutcome(.fail, .noSets)
        var answers = KeyAnswers(from: resolver)
        await judge(mail, &answers, &outcome)
        if findsOldestPass, outcome.result == .pass {
            let oldest = await oldestPass(mail, &answers, &outcome)
            outcome.oldestPass = oldest
            outcome.steps.append(.unchanged(since: oldest))
        }
        outcome.steps.append(.ended(outcome.result, outcome.reason))
        return outcome
    }

    private func judge(
        _ mail: SignedMail, _ answers: inout KeyAnswers, _ outcome: inout ARCOutcome
    ) async {
        let chain = mail.chain
        outcome.setsCount = chain.highestInstance
        if chain.hasEnded {
            outcome.reason = .failedBefore
            return
        }
        if let defect = chain.defect ?? Self.defect(of: mail) {
            outcome.reason = .structure(defect)
            return
        }
        guard let last = chain.sets.last else {
            outcome.result = .none
            return
        }
        outcome.sealers = chain.sets.map(\.seal.domain)
        outcome.steps.append(.found(sets: chain.sets.count))
        outcome.reason = await reason(mail, from: last, &answers, &outcome)
        if outcome.reason == .verified { outcome.result = .pass }
    }

    /// The seal of the first set says none, those after it say pass; and what is sealed is what all
    /// read.
    private static func defect(of mail: SignedMail) -> ARCDefect? {
        guard !mail.chain.sets.isEmpty else { return nil }
        let wrong = mail.chain.sets.first {
            $0.seal.chainValue != ($0.instance == 1 ? .none : .pass)
        }
        return wrong.map { .chainValue(instance: $0.instance) }
            ?? mail.headerDefect.map { .malformedHeader($0) }
    }

    /// The newest message signature, then all seals from the newest, each with the keys of some
    /// before it: who has sealed nothing well makes nobody ask for more.
    private func reason(
        _ mail: SignedMail, from last: ARCSet, _ answers: inout KeyAnswers,
        _ outcome: inout ARCOutcome
    ) async -> ARCReason {
        await answers.ask(for: [last.signature.message.keyName])
        let reason = check(last.signature, of: mail, answers)
        outcome.note(last.signature, of: last.instance, reason)
        guard reason == .verified else {
            return .messageSignature(instance: last.instance, reason)
        }
        let sets = Array(mail.chain.sets.reversed())
        for (index, set) in sets.enumerated() {
            if index.isMultiple(of: KeyAnswers.atOnceMax) {
                let next = sets[index...].prefix(KeyAnswers.atOnceMax)
                await answers.ask(for: Set(next.map(\.seal.keyName)))
            }
            let reason = check(set.seal, of: mail, upTo: set.instance, answers)
            outcome.steps.append(
                .checkedSeal(instance: set.instance, domain: set.seal.domain.ascii, reason))
            guard reason == .verified else { return .seal(instance: set.instance, reason) }
        }
        return .verified
    }

    private func oldestPass(
        _ mail: SignedMail, _ answers: inout KeyAnswers, _ outcome: inout ARCOutcome
    ) async -> Int {
        for set in mail.chain.sets.dropLast().reversed() {
            await answers.ask(for: [set.signature.message.keyName])
            let reason = check(set.signature, of: mail, answers)
            outcome.note(set.signature, of: set.instance, reason)
            guard reason == .verified else { return set.instance + 1 }
        }
        return 0
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
