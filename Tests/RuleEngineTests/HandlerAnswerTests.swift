import Documents
import MailModel
import RuleEngine
import Testing

/// What an answer may ask for, and how it is read.
@Suite struct HandlerAnswerTests {
    private static let catalogue = RuleCatalogue(
        buckets: ["mail"], handlers: ["ticket"], topics: ["received"])

    private func read(
        _ json: String, isSending: Bool = true, subject: String = "Hello"
    ) throws(DocumentProblems) -> HandlerAnswer {
        var catalogue = Self.catalogue
        catalogue.isSending = isSending
        return try HandlerAnswer(
            Array(json.utf8), of: "ticket", catalogue: catalogue, subject: subject)
    }

    private func problems(_ json: String, isSending: Bool = true) -> [String] {
        do throws(DocumentProblems) {
            _ = try read(json, isSending: isSending)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    // MARK: What it says

    static let actions: [(String, ReceiptAction)] = [
        (#"{"tag": {"name": "a", "value": "b"}}"#, .tag(name: "a", value: "b")),
        // As in a rule file, a number is a text.
        (#"{"tag": {"name": "a", "value": 7}}"#, .tag(name: "a", value: "7")),
        (#"{"tag": {"name": "a", "value": true}}"#, .tag(name: "a", value: "true")),
        (
            #"{"addHeader": {"name": "X-A", "value": "b \u007e \/"}}"#,
            .addHeader(name: "X-A", value: "b ~ /")
        ),
        (#"{"removeHeader": {"name": "Subject"}}"#, .removeHeader(name: "Subject")),
        (
            #"{"notify": {"topic": "received", "encoding": "Base64"}}"#,
            .notify(topic: "received", encoding: .base64)
        ),
        (
            #"{"notify": {"topic": "arn:aws:sns:us-east-1:000000000000:received"}}"#,
            .notify(topic: "received", encoding: .utf8)
        ),
        (
            #"{"forward": {"to": "a@b.example", "as": "c@d.example", "from": "rewrite"}}"#,
            .forward(to: ["a@b.example"], identity: "c@d.example", author: .rewrite)
        ),
        (
            #"{"forward": {"to": ["a@b.example", "c@d.example"], "as": null}}"#,
            .forward(to: ["a@b.example", "c@d.example"], identity: nil, author: .keep)
        ),
        (#""stop""#, .stop(topic: nil)), (#"{"stop": null}"#, .stop(topic: nil)),
        (#"{"stop": {}}"#, .stop(topic: nil)),
        (#"{"stop": {"topic": "received"}}"#, .stop(topic: "received")),
        (
            #"{"bounce": {"template": "MailboxFull", "sender": "a@b.example"}}"#,
            .bounce(
                ReceiptBounce(
                    replyCode: 552, status: EnhancedStatus(class: 5, subject: 2, detail: 2),
                    message: "Mailbox full", sender: "a@b.example", topic: nil))
        ),
        (
            #"{"reply": {"text": "\ud83d\ude00\n\u0085\u2028", "subject": "a", "onlyWhereNamed": false}}"#,
            .reply(
                ReceiptReply(
                    subject: "a", text: "😀\n\u{85}\u{2028}", html: nil, identity: nil,
                    everyDays: 7, isOnlyWhereNamed: false))
        ),
    ]

    @Test(arguments: actions)
    func asksInTheWordsOfRuleFiles(_ json: String, _ action: ReceiptAction) throws {
        #expect(
            try read(#"{"actions": [\#(json)]}"#)
                == HandlerAnswer(.continueOn, actions: [action]))
    }

    @Test func saysHowTheRulesGoOn() throws {
        #expect(try read(#"{"actions": [], "disposition": "stop_RULE"}"#).disposition == .stopRule)
        #expect(
            try read(#"{"id": 7, "actions": null, "disposition": null, "more": {"a": [1]}}"#)
                == HandlerAnswer(.continueOn))
    }

    // MARK: What a sender wrote

    /// Of a text nothing is filled in, whatever a handler quotes.
    @Test(arguments: [
        "${subject}", "$${subject}", "$$${subject}", "${", "${}", "${no such name}", "$",
        "${subject",
    ])
    func fillsNothingIn(_ text: String) throws {
        let answer = try read(
            """
            {"actions": [
                {"reply": {"text": "\(text)", "html": "\(text)", "subject": "\(text)"}},
                {"addHeader": {"name": "X-A", "value": "\(text)"}}]}
            """)
        #expect(
            answer.actions == [
                .reply(
                    ReceiptReply(
                        subject: text, text: text, html: text, identity: nil, everyDays: 7,
                        isOnlyWhereNamed: true)), .addHeader(name: "X-A", value: text),
            ])
    }

    @Test func aLongHeaderIsNotCut() throws {
        let value = "${a}" + String(repeating: "x", count: 2_043)
        let answer = try read(
            #"{"actions": [{"addHeader": {"name": "X-A", "value": "\#(value)"}}]}"#)
        #expect(answer.actions == [.addHeader(name: "X-A", value: value)])
    }

    /// An address may be called so, and is no other one then.
    @Test func anAddressIsWhatItIs() throws {
        let answer = try read(#"{"actions": [{"forward": {"to": "${mailFrom}@b.example"}}]}"#)
        #expect(
            answer.actions
                == [.forward(to: ["${mailFrom}@b.example"], identity: nil, author: .keep)])
    }

    @Test(arguments: [
        ("Hello", "Auto: Hello"), ("${mailFrom} $${a}", "Auto: ${mailFrom} $${a}"),
        ("a\r\nBcc: b", "Auto: a  Bcc: b"), ("", "Auto: "),
    ])
    func aReplyWithoutASubjectHasTheMails(_ subject: String, _ expected: String) throws {
        let answer = try read(#"{"actions": [{"reply": {"text": "x"}}]}"#, subject: subject)
        guard case .reply(let reply) = answer.actions.first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.subject == expected)
    }

    // MARK: What is wrong

    static let wrong = [
        (
            #"{"actions": ["drop"]}"#,
            [
                "ticket: actions[0]: “drop” is no action: an action is one of reply, forward, bounce, notify, tag, addHeader, removeHeader, stop"
            ]
        ),
        (
            #"{"actions": ["stpo"]}"#,
            ["ticket: actions[0]: “stpo” is no action; did you mean “stop”?"]
        ),
        (
            #"{"actions": [null]}"#,
            [
                "ticket: actions[0]: nothing stands here: an action is one of reply, forward, bounce, notify, tag, addHeader, removeHeader, stop"
            ]
        ),
        (
            #"{"actions": [{}]}"#,
            [
                "ticket: actions[0]: an action is one of reply, forward, bounce, notify, tag, addHeader, removeHeader, stop"
            ]
        ),
        (
            #"{"actions": [{"store": {"bucket": "mail"}}]}"#,
            [
                "ticket: actions[0]: unknown key “store”; there are: addHeader, bounce, forward, notify, removeHeader, reply, stop, tag"
            ]
        ),
        (#"{"actions": "stop"}"#, ["ticket: actions: found “stop”, expected a list"]),
        (
            #"{"actions": [{"notify": {"topic": "recieved"}}, {"tag": {"name": "a"}}], "disposition": "STOP"}"#,
            [
                "ticket: disposition: found “STOP”, expected CONTINUE or STOP_RULE or STOP_RULE_SET",
                "ticket: actions[0].notify.topic: the configuration has no topic “recieved”; did you mean “received”?",
                "ticket: actions[1].tag: “value” is missing",
            ]
        ),
        (
            #"{"actions": [], "disposition": 1}"#,
            ["ticket: disposition: found “1”, expected CONTINUE or STOP_RULE or STOP_RULE_SET"]
        ),
        (
            #"{"actions": [], "disposition": []}"#,
            ["ticket: disposition: found a list, expected text"]
        ),
        (
            #"{"actions": [{"addHeader": {"name": "X-A", "value": "a\r\nX-B: b"}}]}"#,
            [
                "ticket: actions[0].addHeader.value: a header value is below 2,048 printable ASCII characters on one line"
            ]
        ),
        (
            #"{"actions": [{"forward": {"to": "a@b.example\r\nX: y"}}]}"#,
            [#"ticket: actions[0].forward.to: “a@b.example\r\nX: y” is no address: "#]
        ),
        (#"["stop"]"#, ["ticket: found a list, expected a mapping"]),
        (#"{"actions": ["stop"]"#, ["ticket: not JSON: it ends too early"]),
        ("actions: [stop]", ["ticket:1: not JSON: column 1: found “actions: [stop]”"]),
    ]

    @Test(arguments: wrong)
    func namesEachProblem(_ json: String, _ expected: [String]) {
        let found = problems(json)
        #expect(found.count == expected.count)
        for (one, start) in zip(found, expected) { #expect(one.hasPrefix(start)) }
    }

    @Test(arguments: ["reply", "forward", "bounce"])
    func sendsNothingWhereNothingIsSent(_ kind: String) {
        let json = #"{"actions": [{"\#(kind)": {"text": "a", "to": "a@b.example"}}]}"#
        #expect(
            problems(json, isSending: false).contains(
                "ticket: actions[0].\(kind): nothing is sent from here: the configuration has no "
                    + "“sending”"))
    }

    @Test(arguments: [
        (20, [String]()), (21, ["ticket: actions: 21 actions; at most 20 stand in an answer"]),
    ])
    func asksForSoManyActions(_ count: Int, _ expected: [String]) {
        let actions = Array(repeating: #""stop""#, count: count).joined(separator: ", ")
        #expect(problems(#"{"actions": [\#(actions)]}"#) == expected)
        // Of those that are too many nothing is read, however many they are.
        guard !expected.isEmpty else { return }
        let more = #"{"actions": [\#(actions), "halt", {"tga": {}}]}"#
        #expect(problems(more) == ["ticket: actions: 23 actions; at most 20 stand in an answer"])
    }

    @Test(arguments: [(HandlerWord.askingBytesMax, true), (HandlerWord.askingBytesMax + 1, false)])
    func asksInSoManyBytes(_ count: Int, isRead: Bool) {
        let start = #"{"actions": ["stop"], "more": ""#
        let json = start + String(repeating: "x", count: count - start.utf8.count - 2) + "\"}"
        let word = HandlerWord(
            Array(json.utf8), isCut: false, of: "ticket", catalogue: .unchecked, subject: { "" })
        #expect(json.utf8.count == count)
        if case .answers(let answer, _) = word {
            #expect(isRead && answer.actions.count == 1)
        } else {
            #expect(!isRead)
        }
    }

    @Test(arguments: [(31, true), (32, false), (1_000, false)])
    func isNestedSoDeep(_ depth: Int, isRead: Bool) {
        let deep =
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let found = problems(#"{"more": \#(deep), "actions": []}"#)
        #expect(found.isEmpty == isRead)
    }
}
