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
        switch algorithm {
        case .sha256: Array(mac(SHA256.self, parts))
        case .sha384: Array(mac(SHA384.self, parts))
        case .sha512: Array(mac(SHA512.self, parts))
        }
    }

    /// Whether `code` is that of `parts`, in a time that tells nothing of where it differs.
    func isCode(_ code: [UInt8], of parts: [[UInt8]]) -> Bool {
        switch algorithm {
        case .sha256: mac(SHA256.self, parts) == code
        case .sha384: mac(SHA384.self, parts) == code
        case .sha512: mac(SHA512.self, parts) == code
        }
    }

    private func mac<Hash: HashFunction>(
        _: Hash.Type, _ parts: [[UInt8]]
    ) -> HMAC<Hash>.MAC {
        var hmac = HMAC<Hash>(key: secret)
        for part in parts { hmac.update(data: part) }
        return hmac.finalize()
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
