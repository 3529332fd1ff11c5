import MailModel
import Scanners
import Screening
import Storage
import Testing

@Suite struct RspamdRequestTests {
    private static func values(
        _ name: String, _ change: (inout ReceivedEnvelope) throws -> Void
    ) throws -> [String] {
        var mail = try ScannedMails.mail()
        try change(&mail.envelope)
        return RspamdRequest.fields(of: mail).filter { $0.name == name }.map(\.value)
    }

    /// A peer that would have rspamd read fields of its own.
    @Test(arguments: [
        "a\r\nIP: 127.0.0.1", "a\nUser: admin", "a\rb", "a\0b", "a\u{7F}", " a", "a ", "",
        String(repeating: "a", count: RspamdRequest.valueBytesMax + 1),
    ])
    func aValueThatIsNoneIsLeftOut(_ helo: String) throws {
        #expect(try Self.values("Helo") { $0.helo = helo } == [])
        #expect(try Self.values("IP") { $0.peerAddress = helo } == [])
    }

    @Test(arguments: ["mail.example.net", "[192.0.2.1]", "bücher.example", "a b"])
    func whatIsOneIsTold(_ helo: String) throws {
        #expect(try Self.values("Helo") { $0.helo = helo } == [helo])
    }

    @Test func theNullPathIsTold() throws {
        #expect(try Self.values("From") { $0.mailFrom = .null } == ["<>"])
    }

    /// A name that anybody may have written is none.
    @Test func onlyAVerifiedNameIsTold() throws {
        let name = Domain(validatedASCII: "mail.example.net")
        #expect(try Self.values("Hostname") { $0.peerName = .verified(name) } == [name.ascii])
        #expect(try Self.values("Hostname") { $0.peerName = .unconfirmed(name) } == [])
        #expect(try Self.values("Hostname") { $0.peerName = .unknown } == [])
    }

    @Test func tellsSoManyRecipients() throws {
        let recipients = try (0...RspamdRequest.recipientsMax).map {
            try #require(Mailbox("r\($0)@example.org"))
        }
        let told = try Self.values("Rcpt") { $0.recipients = recipients }
        #expect(told == recipients.dropLast().map { "<\($0.wireText)>" })
    }

    @Test func tellsNoMoreThanHTTPTakes() throws {
        let long = try #require(
            Mailbox(
                "\(String(repeating: "l", count: 60))@\(String(repeating: "d.", count: 120))example"
            ))
        let told = try Self.values("Rcpt") {
            $0.recipients = Array(repeating: long, count: RspamdRequest.recipientsMax)
        }
        let bytes = long.wireText.utf8.count + 2
        #expect(told.count == min(RspamdRequest.recipientsMax, 32_768 / bytes))
    }
}
