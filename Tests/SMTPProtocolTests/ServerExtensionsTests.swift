import SMTPProtocol
import Testing

@Suite struct ServerExtensionsTests {
    private func read(_ lines: String...) -> ServerExtensions {
        ServerExtensions(RemoteReply(code: 250, enhanced: nil, lines: ["mx.example.com"] + lines))
    }

    @Test func readsWhatIsOffered() {
        let all = read(
            "PIPELINING", "8bitmime", "SMTPUTF8", "CHUNKING", "DSN", "STARTTLS", "REQUIRETLS",
            "SIZE 52428800", "AUTH PLAIN LOGIN XOAUTH2", "LIMITS MAILMAX=7 RCPTMAX=100", "X-OTHER a"
        )
        #expect(
            all.keywords == [
                .pipelining, .eightBitMIME, .smtpUTF8, .chunking, .dsn, .startTLS, .requireTLS,
                .size,
            ])
        #expect(all.mechanisms == [.plain, .login])
        #expect(all.mailBytesMax == 52_428_800)
        #expect(all.sessionMailsMax == 7)
    }

    /// The first line is a name, whatever it looks like.
    @Test func theNameIsNoKeyword() {
        let reply = RemoteReply(code: 250, enhanced: nil, lines: ["PIPELINING"])
        #expect(ServerExtensions(reply) == ServerExtensions())
    }

    static let sizes: [(String, Int?)] = [
        ("SIZE", nil), ("SIZE 0", nil), ("SIZE -1", nil), ("SIZE 1x", nil), ("SIZE 10", 10),
        ("SIZE 99999999999999999999999", nil),
    ]

    @Test(arguments: sizes)
    func readsSizes(_ line: String, _ expected: Int?) {
        #expect(read(line).mailBytesMax == expected)
        #expect(read(line).keywords == .size)
    }

    @Test func readsTheOldAuth() {
        #expect(read("AUTH=LOGIN PLAIN").mechanisms == [.plain, .login])
    }
}
