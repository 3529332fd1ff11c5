import Feedback
import Testing

/// Answers that nobody wrote: RFC 3834.
@Suite struct AutoReplyTests {
    @Test(arguments: [
        ("Auto-Submitted: auto-replied", AutoReply.Sign.autoSubmitted),
        ("Auto-Submitted: auto-replied (vacation)", .autoSubmitted),
        ("Precedence: auto_reply", .field), ("X-Autoreply: yes", .field),
        ("Subject: Out of Office: Hello", .subject), ("Subject: Automatische Antwort: x", .subject),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique?=", .subject), ("Subject: 自動応答: x", .subject),
    ])
    func isRecognised(_ field: String, _ sign: AutoReply.Sign) {
        let mail = "From: a@a.example\nIn-Reply-To: <1@s.example>\n\(field)\n\nBack on Monday.\n"
        guard case .autoReply(let reply) = Mails.read(mail) else {
            Issue.record("no answer")
            return
        }
        #expect(reply.sign == sign)
        #expect(reply.from == ["a@a.example"])
        #expect(reply.inReplyTo == "1@s.example")
    }

    @Test(arguments: [
        "Auto-Submitted: no", "Auto-Submitted: auto-generated", "Precedence: bulk",
        "Subject: Re: Out of office", "X-Auto-Response-Suppress: All", "Subject: On my way",
    ])
    func othersAreNone(_ field: String) {
        #expect(Mails.read("From: a@a.example\n\(field)\n\nHello.\n").kind == .other)
    }

    @Test func whatAListSendsIsNone() {
        let mail = "From: a@a.example\nList-Id: <l.example>\nSubject: Out of office\n\nx\n"
        #expect(Mails.read(mail).kind == .other)
    }
}
