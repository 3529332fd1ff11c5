import LibCrypto
import MailAuthentication
import MailModel

/// Verifies a mail's signatures, with a resolver that knows the keys.
struct VerifyDKIM: Work {
    private let verifier: DKIMVerifier

    init(_ folder: MailFolder) {
        verifier = DKIMVerifier(
            resolver: folder.resolver, rsa: LibCryptoRSA(), time: SystemTime())
    }

    func run(_ mail: [UInt8]) async throws {
        let outcomes = await verifier.verify(SignedMail(mail))
        guard outcomes.allSatisfy({ $0.result == .pass }) else {
            throw WrongOutcome(text: "\(outcomes.map(\.reason))")
        }
    }
}
