import DNS
import Foundation
import LibCrypto
import MailAuthentication
import MailModel
import TestSupport

/// What the suites of signatures share.
enum SignatureSuites {
    static func json<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The sets keep mails with LF; signatures are over CRLF.
    static func withCRLF(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        for byte in bytes {
            if byte == 0x0A, output.last != 0x0D { output.append(0x0D) }
            output.append(byte)
        }
        return output
    }

    /// RFC 8301's floor, and nothing above it.
    static let strict = DKIMPolicy()

    /// Old keys and rsa-sha1 too, as the sets of before RFC 8301 want.
    static let lenient: DKIMPolicy = {
        var policy = DKIMPolicy()
        policy.rsaKeyBits = 256...4096
        policy.acceptsSHA1 = true
        return policy
    }()

    static func verify(
        _ mail: [UInt8], zone: ZoneResolver, policy: DKIMPolicy, at seconds: Int64
    ) async -> [DKIMOutcome] {
        let time = ManualTime(Timestamp(milliseconds: seconds * 1000))
        return await DKIMVerifier(
            resolver: zone, rsa: LibCryptoRSA(), time: time, policy: policy
        ).verify(SignedMail(mail, policy: policy))
    }

    static func key(_ text: some Sequence<UInt8>) throws -> SigningKey {
        guard let key = SigningKey(Array(text), rsa: LibCryptoRSA()) else {
            throw SuiteProblem("a private key that cannot be read")
        }
        return key
    }
}

/// A set that is not what this program knows.
struct SuiteProblem: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

extension ZoneResolver {
    func putText(_ name: String, _ text: some Sequence<UInt8>) {
        put(name.lowercased(), .txt, [.text([Array(text)])])
    }
}
