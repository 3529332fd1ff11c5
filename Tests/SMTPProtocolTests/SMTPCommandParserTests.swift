import MailModel
import SMTPProtocol
import Testing

@Suite struct SMTPCommandParserTests {
    private func parse(_ line: String) -> Result<SMTPCommand, SMTPSyntaxError> {
        do throws(SMTPSyntaxError) {
            return .success(try SMTPCommandParser.parse(Array(line.utf8)[...]))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("MAIL FROM:<a@b.example>", SMTPCommand.mail(.mailbox(mailbox("a@b.example")), .init())),
        (
            "mail from: <a@b.example> size=10 body=8bitmime",
            .mail(.mailbox(mailbox("a@b.example")), .init(size: 10, is8BitMIME: true))
        ),
        ("MAIL FROM:<>", .mail(.null, .init())),
        ("MAIL FROM: a@b.example SIZE=1", .mail(.mailbox(mailbox("a@b.example")), .init(size: 1))),
        ("RCPT TO:\"a b\"@b.example", .rcpt(.mailbox(mailbox("\"a b\"@b.example")))),
        (
            "MAIL FROM:<grün@b.example> SMTPUTF8",
            .mail(.mailbox(mailbox("grün@b.example")), .init(isSMTPUTF8: true))
        ),
        (
            "MAIL FROM:<> RequireTLS SIZE=1",
            .mail(.null, .init(size: 1, requiresTLS: true))
        ),
        (
            "MAIL FROM:<a@b.example> SIZE=99999999999999999999",
            .mail(.mailbox(mailbox("a@b.example")), .init(size: .max))
        ),
        ("RCPT TO:<\"a b\"@b.example>", .rcpt(.mailbox(mailbox("\"a b\"@b.example")))),
        (
            "RCPT TO:<@relay.example,@other.example:a@b.example>",
            .rcpt(.mailbox(mailbox("a@b.example")))
        ),
        ("RCPT TO:<Postmaster>", .rcpt(.postmaster)),
        ("RCPT TO:<a@[192.0.2.1]>", .rcpt(.mailbox(mailbox("a@[192.0.2.1]")))),
        ("RCPT TO:<a@[IPv6:2001:db8::1]>", .rcpt(.mailbox(mailbox("a@[IPv6:2001:db8::1]")))),
        ("BDAT 10", .bdat(size: 10, isLast: false)),
        ("BDAT 0 last", .bdat(size: 0, isLast: true)),
        ("BDAT 007 LAST", .bdat(size: 7, isLast: true)),
        ("QUIT  ", .quit), ("NOOP whatever", .noop), ("EHLO [127.0.0.1]", .ehlo("[127.0.0.1]")),
        ("STARTTLS", .starttls), ("VRFY a", .vrfy),
    ])
    func reads(_ line: String, _ command: SMTPCommand) {
        #expect(parse(line) == .success(command))
    }

    static func mailbox(_ text: String) -> Mailbox {
        Mailbox(text) ?? Mailbox(validatedLocalPart: "?", domain: Domain(validatedASCII: "?"))
    }

    @Test(arguments: [
        ("", SMTPSyntaxError.unknownVerb), ("FOO", .unknownVerb),
        ("GET / HTTP/1.1", .http), ("POST / HTTP/1.0", .http),
        ("EHLO", .argument(.ehlo)), ("HELO a b", .argument(.helo)), ("DATA now", .argument(.data)),
        ("RSET x", .argument(.rset)), ("STARTTLS x", .argument(.starttls)),
        ("R\u{17F}ET", .unknownVerb), ("QU\u{131}T", .unknownVerb),
        ("BDAT 1 LA\u{17F}T", .argument(.bdat)),
        ("MAIL FROM:<a@b.example> \u{17F}IZE=1", .parameterInvalid),
        ("QUIT\u{0}", .unknownVerb), ("NOOP \u{0}", .control),
        ("RCPT TO:<a\rb@c.example>", .control),
        ("MAIL FROM:<a@b.example> FOO=1", .parameterUnknown),
        ("MAIL FROM:<a@b.example> BY=120", .parameterUnknown),
        ("MAIL FROM:<a@b.example> SIZE=1 SIZE=2", .parameterInvalid),
        ("MAIL FROM:<a@b.example> SIZE=-1", .parameterInvalid),
        ("MAIL FROM:<a@b.example> REQUIRETLS=YES", .parameterInvalid),
        ("RCPT TO:<a@b.example> REQUIRETLS", .parameterUnknown),
        ("MAIL FROM:<a@b.example> =", .parameterInvalid),
        ("MAIL FROM:<a@b.example> =1", .parameterInvalid),
        ("MAIL FROM:<a@b.example> SIZE=", .parameterInvalid),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", .parameterNotOffered),
        ("MAIL FROM:<a@b.example> SMTPUTF8=1", .parameterInvalid),
        ("MAIL FROM:<a@b.example> SMTPUTF8=", .parameterInvalid),
        ("MAIL FROM:<a@b.example> =1", .parameterInvalid),
        ("MAIL FROM:<a@b.example> #$%=!@#", .parameterInvalid),
        ("MAIL FROM:<a@b.example> -A=1", .parameterInvalid),
        ("MAIL FROM:<a@b.example> A=1=2", .parameterInvalid),
        ("RCPT TO:<a@b.example> RRVS=x", .parameterUnknown),
        ("RCPT TO:<a@b.example> #$%=!@#", .parameterInvalid),
        ("RCPT TO:<a@b.example> NOTIFY=", .parameterInvalid),
        ("BDAT", .argument(.bdat)), ("BDAT -1", .argument(.bdat)), ("BDAT +1", .argument(.bdat)),
        ("BDAT 1 2", .argument(.bdat)), ("BDAT 1 LAST x", .argument(.bdat)),
        ("BDAT 99999999999999999999", .argument(.bdat)), ("BDAT 0x10", .argument(.bdat)),
        ("MAIL TO:<a@b.example>", .argument(.mail)),
    ])
    func refuses(_ line: String, _ error: SMTPSyntaxError) {
        #expect(parse(line) == .failure(error))
    }

    @Test(arguments: [
        "MAIL FROM:", "RCPT TO:", "RCPT TO:postmaster", "MAIL FROM:a@b.example>",
        "MAIL FROM:A <a@b.example>", "MAIL FROM:<a@b.example", "MAIL FROM:<a@b.example>x",
        "RCPT TO:<>", "RCPT TO:<a@>", "RCPT TO:<@b.example>", "RCPT TO:<a b@c.example>",
        "RCPT TO:<a..b@c.example>", "RCPT TO:<a@-b.example>", "RCPT TO:<a@b..example>",
        "RCPT TO:<a@[999.0.0.1]>", "MAIL FROM:<grün@b.example>",
    ])
    func refusesAddresses(_ line: String) {
        guard case .failure(.address) = parse(line) else {
            Issue.record("\(parse(line))")
            return
        }
    }

    @Test func holdsForRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        let words = [
            "MAIL FROM:", "RCPT TO:", "<", ">", "@", "a", ".", "\"", "\\", "[", "]", ":",
            " SIZE=", "BDAT ", "9", "\u{0}", "\r", "é", "IPv6:", "LAST", ",",
        ]
        for _ in 0..<5000 {
            let line = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                words.randomElement(using: &generator) ?? ""
            }.joined()
            guard case .success(let command) = parse(line) else { continue }
            if case .rcpt(.mailbox(let mailbox), _) = command {
                #expect(Mailbox(mailbox.wireText) == mailbox, "\(line)")
                #expect(mailbox.localPart.utf8.allSatisfy { $0 >= 32 && $0 != 127 }, "\(line)")
            }
        }
    }
}
