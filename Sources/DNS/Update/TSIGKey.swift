import Crypto
package import MailModel

/// A secret that a name server shares with us, and that messages are signed with. RFC 8945
///
/// It prints without its secret.
package struct TSIGKey: Sendable, Equatable, CustomStringConvertible {
    /// Shorter ones are refused.
    package static let secretBytesMin = 16

    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256 = "hmac-sha256"
        case sha384 = "hmac-sha384"
        case sha512 = "hmac-sha512"

        var name: Domain { Domain(validatedASCII: rawValue) }
    }

    package let name: Domain
    package let algorithm: Algorithm
    private let secret: SymmetricKey

    /// Nil for a secret of less than `secretBytesMin`.
    package init?(name: Domain, algorithm: Algorithm, secret: [UInt8]) {
        guard secret.count >= Self.secretBytesMin else { return nil }
        self.name = name
        self.algorithm = algorithm
        self.secret = SymmetricKey(data: secret)
    }

    package var description: String { "\(algorithm.rawValue) \(name)" }

    /// The code of all of `parts`, one behind the other.
    func code(of parts: [[UInt8]]) -> [UInt8] {
        func code<Hash: HashFunction>(_: Hash.Type) -> [UInt8] {
            var hmac = HMAC<Hash>(key: secret)
            for part in parts { hmac.update(data: part) }
            return Array(hmac.finalize())
        }
        return switch algorithm {
        case .sha256: code(SHA256.self)
        case .sha384: code(SHA384.self)
        case .sha512: code(SHA512.self)
        }
    }

    /// Whether `code` is that of `parts`, in a time that tells nothing of where it differs.
    func isCode(_ code: [UInt8], of parts: [[UInt8]]) -> Bool {
        let right = self.code(of: parts)
        guard right.count == code.count else { return false }
        return zip(right, code).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// What is said beside a message's code, and goes into it. RFC 8945 §4.3.3
struct TSIGVariables {
    /// How far the two clocks may be apart. RFC 8945 §10
    static let fudgeSeconds: UInt16 = 300

    var keyName: [UInt8]
    var algorithmName: [UInt8]
    var signedAtSeconds: UInt64
    var fudgeSeconds = Self.fudgeSeconds
    var error: UInt16 = 0
    var other: [UInt8] = []

    init(_ key: TSIGKey, at time: Timestamp) {
        keyName = MessageWriter.wire(key.name)
        algorithmName = MessageWriter.wire(key.algorithm.name)
        signedAtSeconds = UInt64(max(0, time.milliseconds / 1_000))
    }

    init(
        keyName: [UInt8], algorithmName: [UInt8], signedAtSeconds: UInt64, fudgeSeconds: UInt16,
        error: UInt16, other: [UInt8]
    ) {
        self.keyName = keyName
        self.algorithmName = algorithmName
        self.signedAtSeconds = signedAtSeconds
        self.fudgeSeconds = fudgeSeconds
        self.error = error
        self.other = other
    }

    /// Behind the message, where the code is made.
    var digested: [UInt8] {
        var writer = MessageWriter()
        writer.put(keyName)
        writer.put16(UpdateMessage.any)
        writer.put32(0)
        writer.put(algorithmName)
        writer.put48(signedAtSeconds)
        writer.put16(fudgeSeconds)
        writer.put16(error)
        writer.putCounted(other)
        return writer.bytes
    }

    /// The record at the message's end.
    func record(code: [UInt8], originalID: UInt16) -> [UInt8] {
        var data = MessageWriter()
        data.put(algorithmName)
        data.put48(signedAtSeconds)
        data.put16(fudgeSeconds)
        data.putCounted(code)
        data.put16(originalID)
        data.put16(error)
        data.putCounted(other)
        var writer = MessageWriter()
        writer.put(keyName)
        writer.put16(UpdateAnswer.signatureType)
        writer.put16(UpdateMessage.any)
        writer.put32(0)
        writer.putCounted(data.bytes)
        return writer.bytes
    }
}
