import Accounts
import MailModel
import Storage
import TestSupport
import Testing

@Suite struct ReturnPathsTests {
    private static let key = ReturnPathToken.Key(root(7))
    private static let token = ReturnPathToken(
        mail: MessageID(at: ManualTime().now(), random: CountingRandom()), position: 3)
    private static let text = key.text(token)
    private static let forged = ReturnPathToken.Key(root(8)).text(token)

    private static func root(_ byte: UInt8) -> RootKey {
        guard let root = RootKey([UInt8](repeating: byte, count: RootKey.bytesCount)) else {
            preconditionFailure("a key of its length")
        }
        return root
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var address: String
        var reading: ReturnPaths.Reading

        var testDescription: String { "\(address): \(reading)" }
    }

    @Test(arguments: [
        Case(address: "\(text)@mail.example", reading: .token(token)),
        Case(address: "\(text.uppercased())@MX.mail.example", reading: .token(token)),
        Case(address: "\(text)@bounce.ours.example", reading: .token(token)),
        Case(address: "\(text)@ours.example", reading: .token(token)),
        Case(address: "\(text.uppercased())@former.example", reading: .token(token)),
        Case(address: "\(forged)@mail.example", reading: .forged),
        Case(address: "\(forged)@bounce.ours.example", reading: .forged),
        Case(address: "\(forged)@ours.example", reading: .other),
        Case(address: "\(forged)@former.example", reading: .other),
        Case(address: "\(text)0@mail.example", reading: .other),
        Case(address: "\(text.dropLast())@mail.example", reading: .other),
        Case(address: "\(text.dropLast())w@mail.example", reading: .other),
        Case(address: "postmaster@mail.example", reading: .other),
    ])
    func areRead(_ test: Case) async throws {
        let senders = Senders()
        _ = try await senders.setup.setMailFrom(
            "bounce.ours.example", .useDefaultValue, of: Senders.domain)
        let paths = ReturnPaths(
            tokens: Self.key,
            domains: ["mail.example", "mx.mail.example"].map(Domain.init(validatedASCII:)),
            identities: senders.identities)
        let mailbox = try #require(Mailbox(test.address))
        #expect(paths.reading(of: mailbox) == test.reading)
        #expect(paths.token(of: mailbox) == (test.reading == .token(Self.token) ? Self.token : nil))
    }
}
