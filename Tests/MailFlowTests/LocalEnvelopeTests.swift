import MailFlow
import MailModel
import Testing

/// What a local program says before its mail.
@Suite struct LocalEnvelopeTests {
    private static let domain = Domain(validatedASCII: "host.example")
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private static func envelope(
        _ mail: LocalMail, user: String? = "ada"
    ) throws -> LocalEnvelope {
        try LocalEnvelope(mail, LocalUser(id: 1_000, name: user), domain: domain, now: now)
    }

    private static func kind(_ mail: LocalMail) -> LocalRefusal.Kind? {
        do {
            _ = try envelope(mail)
            return nil
        } catch {
            return (error as? LocalRefusal)?.kind
        }
    }

    @Test(arguments: [
        (["root"], ["root@host.example"]),
        (["a@one.example, b", "A@one.example"], ["a@one.example", "b@host.example"]),
        (["Ada <ada@one.example>"], ["ada@one.example"]),
    ])
    func readsRecipients(_ given: [String], _ expected: [String]) throws {
        let envelope = try Self.envelope(LocalMail(sender: nil, recipients: given, bytes: 0))
        #expect(envelope.recipients.map(\.wireText) == expected)
        #expect(envelope.sender == nil)
    }

    @Test(arguments: [
        ("", ReversePath.null), ("<>", .null), ("root", .mailbox(Mailbox("root@host.example")!)),
        ("a@one.example", .mailbox(Mailbox("a@one.example")!)),
    ])
    func readsTheSender(_ given: String, _ expected: ReversePath) throws {
        let mail = LocalMail(sender: given, recipients: ["a@b.example"], bytes: 0)
        #expect(try Self.envelope(mail).sender == expected)
    }

    /// S13
    @Test(arguments: [
        "a@b.example\r\nRCPT TO:<x@y.example>", "a@b.example\n", "a\r@b.example",
        "a\u{0}@b.example",
        "a@b.example\u{85}", "", "@", "a@", "a b", "<a@b.example> x@y.example",
        "a@b.example SIZE=1", "\"a", String(repeating: "a", count: 1_025),
    ])
    func refusesWhatIsNoAddress(_ text: String) {
        #expect(Self.kind(LocalMail(sender: nil, recipients: [text], bytes: 0)) == .recipient)
        guard !text.isEmpty else { return }
        #expect(Self.kind(LocalMail(sender: text, recipients: ["a@b.c"], bytes: 0)) == .sender)
    }

    @Test func refusesTwoSendersAndNoRecipients() {
        #expect(
            Self.kind(LocalMail(sender: "a@b.c, d@e.f", recipients: ["a@b.c"], bytes: 0))
                == .sender)
        #expect(Self.kind(LocalMail(sender: nil, recipients: [], bytes: 0)) == .request)
        var mail = LocalMail(sender: nil, recipients: [], bytes: 0)
        mail.takesHeaderRecipients = true
        #expect(Self.kind(mail) == nil)
    }

    @Test(arguments: [
        ("a", true), (String(repeating: "a", count: 128), true), ("", false),
        (String(repeating: "a", count: 129), false), ("a b", false), ("a\n", false),
        ("\u{fc}", false), ("a\u{0}", false),
    ])
    func boundsIdempotencyKeys(_ key: String, isTaken: Bool) {
        var mail = LocalMail(sender: nil, recipients: ["a@b.c"], bytes: 0)
        mail.idempotencyKey = key
        #expect(Self.kind(mail) == (isTaken ? nil : .request))
    }

    @Test(
        arguments: [(14 * 86_400, true), (14 * 86_400 + 1, false), (-5, true)] as [(Int64, Bool)])
    func boundsTheTimeAhead(_ seconds: Int64, isTaken: Bool) {
        var mail = LocalMail(sender: nil, recipients: ["a@b.c"], bytes: 0)
        mail.sendAt = Self.now.advanced(bySeconds: seconds)
        #expect(Self.kind(mail) == (isTaken ? nil : .request))
    }

    @Test(arguments: [
        "Eve\r\nBcc: x@y.example", "Eve\n", "Eve\u{0}", String(repeating: "x", count: 1_025),
    ])
    func refusesNames(_ name: String) {
        var mail = LocalMail(sender: nil, recipients: ["a@b.c"], bytes: 0)
        mail.authorName = name
        #expect(Self.kind(mail) == .request)
    }
}
