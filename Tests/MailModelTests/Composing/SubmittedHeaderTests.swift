import MailModel
import Testing

/// What a submitted header is refused for, and what is read of one that is not.
@Suite struct SubmittedHeaderTests {
    static func read(
        _ text: String, bytesMax: Int = 10_000, author: Mailbox? = nil
    ) throws -> SubmittedHeader {
        try SubmittedHeader(
            Array(text.replacing("\n", with: "\r\n").utf8)[...], bytesMax: bytesMax,
            author: author)
    }

    private static func refusal(_ text: String) -> HeaderRefusal? {
        #expect(throws: HeaderRefusal.self) { try read(text) }
    }

    // MARK: Fields

    @Test(arguments: [
        ("Subject: x\n\n", HeaderRefusal(.missing, field: "From")),
        ("From:\n\n", HeaderRefusal(.missing, field: "From", line: 1)),
        ("From: ;\n\n", HeaderRefusal(.missing, field: "From", line: 1)),
        ("From: a@b.c\nFROM : d@e.f\n\n", HeaderRefusal(.repeated, field: "FROM", line: 2)),
        (
            "From: a@b.c\nSubject: x\n y\nsubject: z\n\n",
            HeaderRefusal(.repeated, field: "subject", line: 4)
        ),
        (
            "From: a@b.c\nX-SES-CONFIGURATION-SET: a\nx-ses-configuration-set: b\n\n",
            HeaderRefusal(.repeated, field: "x-ses-configuration-set", line: 3)
        ),
        (
            "X-SES-MESSAGE-TAGS: a=/\nFrom: a@b.c\n\n",
            HeaderRefusal(.tag(.valueInvalid("/")), field: "X-SES-MESSAGE-TAGS", line: 1)
        ),
        (
            "From: a@b.c\nReturn-Path: a\n\n",
            HeaderRefusal(
                .address(.address(AddressError(.atMissing, at: 1))), field: "Return-Path", line: 2)
        ),
    ])
    func fieldsAreRefused(_ text: String, _ refusal: HeaderRefusal) {
        #expect(Self.refusal(text) == refusal)
    }

    /// SES's list, ses.md D.4.
    @Test(arguments: [
        "Sender", "Date", "Message-ID", "Reply-To", "References", "In-Reply-To", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
        "DKIM-Signature", "Return-Path", "Auto-Submitted", "Precedence", "Priority", "Importance",
        "Thread-Index", "User-Agent",
    ])
    func isThereOnce(_ name: String) {
        let refusal = Self.refusal("From: a@b.c\n\(name): <x@y.z>\n\(name): <x@y.z>\n\n")
        #expect(refusal == HeaderRefusal(.repeated, field: name, line: 3))
    }

    @Test(arguments: ["To", "Cc", "Bcc", "Received", "X-Mine", "X-SES-MESSAGE-TAGS"])
    func mayRepeat(_ name: String) throws {
        _ = try Self.read("From: a@b.c\n\(name): a=b\n\(name): c=d\n\n")
    }

    // MARK: Lines

    @Test(arguments: [
        ("From: a@b.c\r\nno field\r\n\r\n", HeaderRefusal.Reason.malformedLine, 2),
        (" From: a@b.c\r\n\r\n", .malformedLine, 1),
        ("From: a@b.c\r\nSub ject: x\r\n\r\n", .malformedLine, 2),
        ("From: a@b.c\r\n : x\r\n: y\r\n\r\n", .malformedLine, 3),
        ("From: a@b.c\r\n \t\r\nSubject: x\r\n\r\n", .malformedLine, 2),
        ("From: a@b.c\nSubject: x\r\n\r\n", .bareLineEnd, 1),
        ("From: a@b.c\r\n\nSubject: x\r\n\r\n", .bareLineEnd, 2),
        ("From: a@b.c\rBcc: x\r\n\r\n", .bareLineEnd, 1),
        ("From: a@b.c\r\n\r\r\n\r\n", .bareLineEnd, 2),
        ("From: a@b.c\r", .bareLineEnd, 1),
        ("From: a@b.c\r\nX: \0\r\n\r\n", .nul, 2),
    ])
    func linesAreRefused(_ text: String, _ reason: HeaderRefusal.Reason, _ line: Int) {
        let refusal = #expect(throws: HeaderRefusal.self) {
            try SubmittedHeader(Array(text.utf8)[...], bytesMax: 10_000)
        }
        #expect(refusal == HeaderRefusal(reason, line: line))
    }

    @Test func aLineHasAnEnd() throws {
        let longest = "X: " + String(repeating: "x", count: ComposedField.lineBytesMax - 3)
        _ = try Self.read("From: a@b.c\n\(longest)\n\n")
        #expect(
            Self.refusal("From: a@b.c\n\(longest)x\n\n") == HeaderRefusal(.lineTooLong, line: 2))
    }

    @Test func aHeaderHasAnEnd() throws {
        let text = "From: a@b.c\n\nbody"
        #expect(try Self.read(text, bytesMax: 15).length == 15)
        for bytesMax in 0..<15 {
            #expect(throws: HeaderRefusal(.headerTooLong)) {
                try Self.read(text, bytesMax: bytesMax)
            }
        }
    }

    /// What follows the empty line is the body's.
    @Test func theBodyIsNotRead() throws {
        let header = try Self.read("From: a@b.c\n\nFrom: x@y.z\nno field\n\0")
        #expect(header.length == 15)
        #expect(header.from.map(\.wireText) == ["a@b.c"])
    }

    // MARK: Addresses

    @Test(arguments: [
        ("a@b.c", ["a@b.c"]), ("<a@b.c>", ["a@b.c"]), ("A (x) <a@b.c> (y)", ["a@b.c"]),
        ("\"<x@y.z>\" <a@b.c>", ["a@b.c"]), ("a@b.c, d@e.f", ["a@b.c", "d@e.f"]),
        ("A <a@b.c>,\n\td@e.f", ["a@b.c", "d@e.f"]), ("a@b.c (d@e.f)", ["a@b.c"]),
        ("=?utf-8?q?x=40y=2Ez?= <a@b.c>", ["a@b.c"]), ("\"x@y.z\" <a@b.c>", ["a@b.c"]),
        ("A@b.c <a@b.C>", ["a@b.c"]), ("(x@y.z) A <a@b.c>", ["a@b.c"]),
        ("\"x@y.z\": a@b.c;", ["a@b.c"]), ("a@[IPv6:::1]", ["a@[ipv6:::1]"]),
        ("\"a b\"@c.d", ["\"a b\"@c.d"]), ("Team: a@b.c, d@e.f;", ["a@b.c", "d@e.f"]),
        ("ü@ü.example", ["ü@xn--tda.example"]),
    ])
    func fromNames(_ value: String, _ addresses: [String]) throws {
        #expect(try Self.read("From: \(value)\n\n").from.map(\.wireText) == addresses)
    }

    /// Readers differ on whom these name.
    @Test(arguments: [
        "a", "a@", "<>", "a@b.c <d@e.f", "<a@b.c> <d@e.f>", "<a@b.c> d@e.f", "a@b.c>",
        "\"x <a@b.c>", "(x <a@b.c>", "a b@c.d", "a@b.c d@e.f", "<@x.y:a@b.c>", "a@b.c, d",
        "<a@b.c>x", "<<a@b.c>>", "x@y.z <a@b.c>", "x @ y.z (w) <a@b.c>", "x@y.z a@b.c <a@b.c>",
        "x@y.z: a@b.c;", "x@y.z:; a@b.c", "@x.y:a@b.c", "A <a@b.c>, x@y.z <a@b.c>", "a@b.c\u{0}",
        "a@b_c!d",
    ])
    func fromIsRefused(_ value: String) {
        #expect(Self.refusal("From: \(value)\n\n") != nil)
    }

    @Test func senderNamesOne() throws {
        let header = try Self.read("From: a@b.c, d@e.f\nSender: S <s@b.c>\n\n")
        #expect(header.sender?.wireText == "s@b.c")
        #expect(try Self.read("From: a@b.c\n\n").sender == nil)
        #expect(
            Self.refusal("From: a@b.c\nSender: a@b.c, d@e.f\n\n")
                == HeaderRefusal(.address(.notOne), field: "Sender", line: 2))
    }

    /// Whoever the header says it is from, each time that it was sent.
    @Test func eachOfWhomItIsFromIsTold() throws {
        let header = try Self.read(
            """
            Resent-From: R <r@b.c>, s@b.c
            Resent-Sender: t@b.c
            Resent-To: x@y.z
            Resent-From: u@b.c
            From: a@b.c, d@e.f
            Sender: v@b.c
            Reply-To: x@y.z
            Return-Path: <w@b.c>

            """ + "\n")
        #expect(
            header.authorities.map(\.wireText) == [
                "a@b.c", "d@e.f", "v@b.c", "w@b.c", "r@b.c", "s@b.c", "u@b.c", "t@b.c",
            ])
        #expect(
            Self.refusal("From: a@b.c\nResent-From: x@y.z <a@b.c>\n\n")
                == HeaderRefusal(.address(.addressAsName), field: "Resent-From", line: 2))
    }

    @Test(arguments: [
        ("a", "Missing final '@domain' in header 'From' (line 1)."),
        (
            "x@y.z <a@b.c>",
            "An address stands without quotes as the name of another in header 'From' (line 1)."
        ),
        (
            "a@b_c!d",
            "Invalid email address (something behind the address, at byte 5) in header 'From' "
                + "(line 1)."
        ),
    ])
    func saysWhatIsWrongWithAnAddress(_ value: String, _ text: String) {
        #expect(Self.refusal("From: \(value)\n\n")?.description == text)
    }

    @Test func recipientsAreNamedOnce() throws {
        let header = try Self.read(
            """
            From: a@b.c
            To: T <t@b.c>, c@b.c
            Cc: c@B.C
            To: u@b.c
            Bcc:
            Cc: undisclosed-recipients:;

            """ + "\n")
        #expect(try header.recipients.map(\.wireText) == ["t@b.c", "c@b.c", "u@b.c"])
        #expect(try header.named(by: "cc").map(\.wireText) == ["c@b.c"])
        #expect(
            throws: HeaderRefusal(
                .address(.address(AddressError(.atMissing, at: 1))), field: "To", line: 2)
        ) {
            try Self.read("From: a@b.c\nTo: x\n\n").recipients
        }
    }

    // MARK: Asks

    @Test func asksAreRead() throws {
        let asks = try Self.read(
            """
            X-SES-CONFIGURATION-SET: marketing
            X-SES-MESSAGE-TAGS: a=b,
             c=d
            x-ses-message-tags: e=f
            Return-Path: <bounces@b.c>
            From: a@b.c


            """
        ).asks
        #expect(asks.configurationSet == "marketing")
        #expect(asks.tags.map { "\($0.name)=\($0.value)" } == ["a=b", "c=d", "e=f"])
        #expect(asks.returnPath?.wireText == "bounces@b.c")
    }

    @Test(arguments: [
        ("", false), ("TLS-Required: No\n", true), ("tls-required:no \n", true),
        ("TLS-Required: Yes\n", false), ("TLS-Required:\n", false),
        ("TLS-Required: No\nTLS-Required: No\n", false),
        ("TLS-Required: No\nTLS-Required: Yes\n", false),
    ])
    func waivesTLS(_ fields: String, _ isWaived: Bool) throws {
        #expect(try Self.read("From: a@b.c\n\(fields)\n").block.isTLSWaived == isWaived)
    }

    @Test func theNullPathIsNone() throws {
        #expect(try Self.read("From: a@b.c\nReturn-Path: <>\n\n").asks.returnPath == nil)
    }

    @Test func tagsOfSeveralFieldsAreCounted() {
        let tags = (1...30).map { "t\($0)=x" }.joined(separator: ",")
        let field = "X-SES-MESSAGE-TAGS: \(tags)\n"
        #expect(
            Self.refusal("\(field)\(field)From: a@b.c\n\n")
                == HeaderRefusal(.tag(.tooMany), field: "X-SES-MESSAGE-TAGS", line: 2))
    }
}
