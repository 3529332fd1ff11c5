import MailAuthentication
import MailModel

/// Checks who may use a domain. In the place of a mail stands what a session knows of it: the
/// client's address, the name that it gave, and the sender.
struct CheckSPF: Work {
    private let verifier: SPFVerifier

    init(_ folder: MailFolder) {
        verifier = SPFVerifier(
            resolver: folder.resolver, time: SystemTime(),
            receiver: Domain(validatedASCII: "mx.bench.example"))
    }

    func run(_ envelope: [UInt8]) async throws {
        let words = String(decoding: envelope, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 3, let address = IPAddress(words[0]) else {
            throw WrongOutcome(text: "no envelope")
        }
        let outcome = await verifier.check(
            SPFSender(address, helo: words[1], mailFrom: words[2]))
        guard outcome.result == .pass else { throw WrongOutcome(text: "\(outcome.reason)") }
    }
}
