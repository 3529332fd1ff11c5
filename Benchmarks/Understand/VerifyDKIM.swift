import DNS
import Foundation
import LibCrypto
import MailAuthentication
import MailModel

/// Verifies a mail's signatures, with a resolver that knows the keys.
struct VerifyDKIM: Work {
    private let verifier: DKIMVerifier

    init(_ folder: MailFolder) {
        verifier = DKIMVerifier(
            resolver: FolderResolver(texts: folder.texts), rsa: LibCryptoRSA(), time: SystemTime())
    }

    func run(_ mail: [UInt8]) async throws {
        let outcomes = await verifier.verify(SignedMail(mail))
        guard outcomes.allSatisfy({ $0.result == .pass }) else {
            throw WrongOutcome(text: "\(outcomes.map(\.reason))")
        }
    }
}

struct FolderResolver: DNSResolver {
    let texts: [String: [UInt8]]

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        guard type == .txt, let text = texts[name.ascii] else { return DNSAnswer(.noSuchName) }
        return DNSAnswer(.records([.text([text])]))
    }
}

struct SystemTime: TimeSource {
    func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
