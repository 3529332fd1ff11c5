import DNS
import MailModel

/// What the DNS said of the keys that a mail's signatures name.
struct KeyAnswers: Sendable {
    enum Answer: Sendable {
        case texts([[UInt8]])
        case noRecord
        case noSuchName
        case failed(DNSFailure)
    }

    /// Questions of one mail that wait at the same time: who wrote it chose their names, and the
    /// places for all questions are few.
    static let atOnceMax = 4

    private let resolver: any DNSResolver
    private var answers: [Domain: Answer] = [:]

    init(from resolver: any DNSResolver) {
        self.resolver = resolver
    }

    /// Asks for those of the names that have no answer yet, for each once.
    mutating func ask(for names: Set<Domain>) async {
        let resolver = resolver
        var rest = names.subtracting(answers.keys)
        if rest.count == 1, let name = rest.first {
            answers[name] = await Self.ask(name, resolver)
            return
        }
        let found = await withTaskGroup(of: (Domain, Answer).self) { group in
            for _ in 0..<Self.atOnceMax {
                guard let name = rest.popFirst() else { break }
                group.addTask { (name, await Self.ask(name, resolver)) }
            }
            var found: [Domain: Answer] = [:]
            while let (name, answer) = await group.next() {
                found[name] = answer
                guard let name = rest.popFirst() else { continue }
                group.addTask { (name, await Self.ask(name, resolver)) }
            }
            return found
        }
        answers.merge(found) { _, new in new }
    }

    private static func ask(_ name: Domain, _ resolver: any DNSResolver) async -> Answer {
        do throws(DNSFailure) {
            switch try await resolver.ask(name, .txt).content {
            case .records(let records): return .texts(records.compactMap(\.joinedText))
            case .noRecord: return .noRecord
            case .noSuchName: return .noSuchName
            }
        } catch {
            return .failed(error)
        }
    }

    subscript(_ name: Domain) -> Answer {
        guard let answer = answers[name] else {
            preconditionFailure("a key that was not asked for")
        }
        return answer
    }
}

/// A key that was found for a signature and fits it.
struct UsableKey: Sendable {
    enum Function: Sendable {
        case rsa(any RSAPublicKey)
        case ed25519(Ed25519PublicKey)
    }

    let function: Function
    let bits: Int
    let record: KeyRecord

    /// Whether the signature is this key's over `bytes`. RFC 6376 §3.3, RFC 8463 §3
    func isValid(_ signature: [UInt8], of bytes: [UInt8], by algorithm: SigningAlgorithm) -> Bool {
        let digest = algorithm.hash.digest(bytes)
        return switch function {
        case .rsa(let key): key.isValid(signature, of: digest, by: algorithm.hash)
        case .ed25519(let key): key.isValid(signature, of: digest)
        }
    }
}

/// Makes keys of what the DNS said.
struct KeyReader: Sendable {
    /// Records that are looked at under one name; there ought to be one. RFC 6376 §3.6.2.2
    static let recordsMax = 4

    let rsa: any RSACryptography
    let rsaKeyBits: ClosedRange<Int>
    private let kept = KeptKeys()

    init(rsa: any RSACryptography, rsaKeyBits: ClosedRange<Int>) {
        self.rsa = rsa
        self.rsaKeyBits = rsaKeyBits
    }

    /// The keys that an answer has for `algorithm`; where it has none, why its first is none.
    func keys(
        in answer: KeyAnswers.Answer, for algorithm: SigningAlgorithm
    ) throws(KeyRefusal) -> [UsableKey] {
        let texts: [[UInt8]]
        switch answer {
        case .texts(let found): texts = found
        case .noRecord, .noSuchName: throw KeyRefusal(reason: .noKey)
        // It would be as large at the next try.
        case .failed(.answerTooLarge): throw KeyRefusal(reason: .answerTooLarge)
        case .failed(let failure):
            throw KeyRefusal(reason: .dnsFailed(failure.description))
        }
        var refusal: KeyRefusal?
        var keys: [UsableKey] = []
        for text in texts.prefix(Self.recordsMax) {
            do throws(KeyRefusal) {
                keys.append(try key(in: text, for: algorithm))
            } catch {
                refusal = refusal ?? error
            }
        }
        guard keys.isEmpty else { return keys }
        throw refusal ?? KeyRefusal(reason: .noKey)
    }

    private func key(
        in text: [UInt8], for algorithm: SigningAlgorithm
    ) throws(KeyRefusal) -> UsableKey {
        let known = kept[text]
        let record: KeyRecord
        do throws(KeyRecordDefect) {
            record = if let known { known.record } else { try KeyRecord(text) }
            try record.check(for: algorithm)
        } catch {
            throw KeyRefusal(reason: .key(error))
        }
        if let known { return known }
        let key =
            switch algorithm.keyType {
            case .rsa: try rsaKey(record)
            case .ed25519: try ed25519Key(record)
            }
        kept[text] = key
        return key
    }

    /// A key's size is judged before anything is computed with it.
    private func rsaKey(_ record: KeyRecord) throws(KeyRefusal) -> UsableKey {
        guard let numbers = RSAPublicNumbers(der: record.key) else {
            throw KeyRefusal(reason: .key(.unusableKey))
        }
        guard rsaKeyBits.contains(numbers.bits) else {
            throw KeyRefusal(
                reason: .keySize(bits: numbers.bits, accepted: rsaKeyBits), bits: numbers.bits)
        }
        guard let key = rsa.publicKey(numbers) else {
            throw KeyRefusal(reason: .key(.unusableKey))
        }
        return UsableKey(function: .rsa(key), bits: numbers.bits, record: record)
    }

    private func ed25519Key(_ record: KeyRecord) throws(KeyRefusal) -> UsableKey {
        guard let key = Ed25519PublicKey(record.key) else {
            throw KeyRefusal(reason: .key(.unusableKey))
        }
        return UsableKey(function: .ed25519(key), bits: 256, record: record)
    }
}

/// There is no key for a signature, and why.
struct KeyRefusal: Error, Sendable {
    var reason: DKIMReason
    var bits: Int?
}
