import Documents
import MailModel
import RuleEngine
import TestSupport
import Testing

@Suite struct ConditionTests {
    static let mail = """
        From: "Ada" <ada@Partner.Example>, Bob <bob@b\u{fc}cher.example>\r
        To: Support <support@example.com>\r
        Cc: team@example.com\r
        Subject: =?UTF-8?Q?Rechnung_f=C3=BCr_M=C3=A4rz?= [Case 77]\r
        X-Priority: 1 (Highest)\r
        X-Mark: one\r
        X-Mark: two\r
        MIME-Version: 1.0\r
        Content-Type: multipart/mixed; boundary=b\r
        \r
        --b\r
        Content-Type: text/plain; charset=utf-8\r
        \r
        Please pay by FRIDAY.\r
        --b\r
        Content-Type: application/pdf\r
        Content-Disposition: attachment; filename="Invoice 7.PDF"\r
        \r
        %PDF-1.4\r
        --b\r
        Content-Type: text/csv\r
        Content-Disposition: attachment; filename=rows.csv\r
        \r
        a;b\r
        --b--\r

        """

    /// Everything of the mail is known.
    static func facts() throws -> MailFacts {
        var facts = MailFacts(
            recipients: ["support@example.com", "team@example.com"].compactMap { Mailbox($0) },
            isTLS: true)
        facts.tlsVersion = .known("TLSv1.3")
        facts.mailFrom = .known(.mailbox(try #require(Mailbox("Bounce+7@Partner.example"))))
        facts.helo = .known("mx.partner.example")
        facts.peerAddress = .known(try #require(IPAddress("192.0.2.9")))
        facts.peerName = .known(Domain(validatedASCII: "out.partner.example"))
        // Saturday, 28 November 2026, 17:30 UTC.
        facts.receivedAt = .known(Timestamp(milliseconds: 1_795_887_000_000))
        let bytes = Array(mail.utf8)
        facts.size = .known(bytes.count)
        facts.read(bytes, for: [.header, .body, .attachments], guesser: nil)
        facts.verdicts = .known(
            MailFacts.Verdicts(
                statuses: [
                    .spf: .processingFailed, .dkim: .pass, .dmarc: .fail, .spam: .gray,
                    .virus: .disabled,
                ], dmarcPolicy: "quarantine", dkimDomains: ["partner.example"], spamScore: 4.5,
                listScore: 3))
        return facts
    }

    /// Whether a rule with `conditions` takes the mail: what the trace answers to its first one.
    private func answer(
        _ condition: String, _ facts: MailFacts
    ) throws -> ConditionAnswer? {
        let set = try RuleDocument.read(
            "ruleSet: s\nrules:\n  - name: r\n    when:\n      - \(condition)\n    actions: []\n",
            file: "f", catalogue: .unchecked)
        // What is written reads back to the same, and so does what is kept.
        #expect(
            try RuleDocument.read(
                RuleDocument.text(of: set), file: "again", catalogue: .unchecked) == set)
        #expect(ReceiptRuleSet(canonicalJSON: set.canonicalJSON) == set)
        let trace = RuleEvaluator(ruleSet: set).trace(dryRun: facts)[0]
        let answer = trace.conditions.first { !$0.text.hasPrefix("any recipient") }?.answer
        #expect((trace.answer == .took) == (answer == .yes))
        return answer
    }

    @Test(arguments: [
        ("subject: {is: 'rechnung für märz [case 77]'}", ConditionAnswer.yes),
        ("subject: rechnung", .no),
        ("subject: {contains: [nothing, 'FÜR MÄRZ']}", .yes),
        ("subject: {startsWith: rechnung, endsWith: '77]'}", .yes),
        ("subject: {startsWith: rechnung, endsWith: '78]'}", .no),
        ("subject: {matches: 'case (?P<case>[0-9]+)'}", .yes),
        ("subject: {matches: '^case'}", .no),
        ("subject: {like: 'rech*[case *]'}", .yes),
        ("subject: {exists: false}", .no),
        ("header: {name: x-mark, is: two}", .yes),
        ("header: {name: X-Mark, startsWith: o, endsWith: o}", .no),
        ("header: {name: X-Mark}", .yes),
        ("header: {name: X-None}", .no),
        ("header: {name: X-None, exists: false}", .yes),
        ("header: {name: X-None, is: ''}", .no),
        ("from: {is: bob@xn--bcher-kva.example}", .no),
        ("from: {endsWith: '@partner.example'}", .yes),
        ("fromDomain: xn--bcher-kva.example", .yes),
        ("to: support@example.com", .yes),
        ("cc: [x@example.com, TEAM@example.com]", .yes),
        ("recipient: {startsWith: team@}", .yes),
        ("mailFrom: bounce+7@partner.example", .yes),
        ("mailFrom: ''", .no),
        ("helo: {endsWith: .partner.example}", .yes),
        ("peerName: out.partner.example", .yes),
        ("tlsVersion: TLSv1.3", .yes),
        ("tls: true", .yes),
        ("tls: false", .no),
        ("peer: 192.0.2.9", .yes),
        ("peer: [198.51.100.0/24, 192.0.2.0/28]", .yes),
        ("peer: '2001:db8::/32'", .no),
        ("body: {contains: friday}", .yes),
        ("body: {contains: a;b}", .no),
        ("attachment: {}", .yes),
        ("attachment: {name: {like: '*.pdf'}, type: application/pdf}", .yes),
        ("attachment: {name: {like: '*.csv'}, type: application/pdf}", .no),
        ("attachment: {size: {above: 8}}", .no),
        ("attachment: {size: {atLeast: 3, below: 4}}", .yes),
        (
            "attachment: {name: rows.csv, sha256: "
                + "5719AF18823567701f70e9f302f75d96e574215493286286a57b0a4959672283}", .yes
        ),
        (
            "attachment: {name: {endsWith: .pdf}, sha256: "
                + "5719af18823567701f70e9f302f75d96e574215493286286a57b0a4959672283}", .no
        ),
        ("attachmentCount: {is: 2}", .yes),
        ("size: {above: 1_000}", .no),
        ("size: {above: 1e2}", .yes),
        ("spamScore: {above: 0.00001}", .yes),
        ("size: {below: 10000000000000000}", .yes),
        ("attachment: {name: {exists: false}}", .no),
        ("fromDomain: bücher.example", .yes),
        ("time: {from: '08:00', to: '08:00', days: [sat]}", .yes),
        ("size: {atMost: 1000, atLeast: 100}", .yes),
        ("dkim: PASS", .yes),
        ("dmarc: [PASS, GRAY]", .no),
        ("virus: DISABLED", .yes),
        ("spf: PASS", .unknown),
        ("spf: [PASS, PROCESSING_FAILED]", .yes),
        ("not: {spf: PASS}", .unknown),
        ("dmarcPolicy: [reject, quarantine]", .yes),
        ("dkimDomain: partner.example", .yes),
        ("dkimDomain: other.example", .no),
        ("spamScore: {atLeast: 4.5}", .yes),
        ("listScore: {above: 3}", .no),
        ("time: {from: '17:00', to: '18:00'}", .yes),
        ("time: {from: '18:00', to: '19:00', zone: Europe/Berlin}", .yes),
        ("time: {from: '17:31', to: '17:30'}", .no),
        ("time: {days: [sat]}", .yes),
        ("time: {days: [mon, sun]}", .no),
        ("not: {tls: true}", .no),
        ("all: [{tls: true}, {dkim: PASS}]", .yes),
        ("all: [{spf: PASS}, {tls: false}]", .no),
        ("all: [{spf: PASS}, {tls: true}]", .unknown),
        ("any: [{spf: PASS}, {tls: true}]", .yes),
        ("any: [{spf: PASS}, {tls: false}]", .unknown),
        ("any: [{tls: false}, {dkim: FAIL}]", .no),
        ("not: {any: [{tls: false}, {not: {dkim: PASS}}]}", .yes),
    ])
    func answers(_ condition: String, _ expected: ConditionAnswer) throws {
        #expect(try answer(condition, try Self.facts()) == expected)
    }

    /// Nothing of a mail is known but its recipients: the answer is neither yes nor no.
    @Test(arguments: [
        "subject: x", "header: {name: X-None, exists: false}", "from: a@b.example", "body: x",
        "attachment: {}", "attachmentCount: {is: 0}", "mailFrom: ''", "helo: x", "peerName: x",
        "peer: 192.0.2.1", "size: {above: 0}", "spf: PROCESSING_FAILED", "dmarcPolicy: none",
        "dkimDomain: x.example", "spamScore: {above: 0}", "listScore: {above: 0}",
        "time: {days: [sat]}", "not: {subject: x}", "tlsVersion: TLSv1.3",
    ])
    func doesNotKnow(_ condition: String) throws {
        let facts = MailFacts(
            recipients: [try #require(Mailbox("a@example.com"))], isTLS: true)
        #expect(try answer(condition, facts) == .unknown)
    }

    /// What there is too much of hides nothing.
    @Test func doesNotKnowWhatItDidNotLookAt() throws {
        var facts = try Self.facts()
        facts.attachments = .known(MailFacts.Attachments(list: [], isCut: true))
        #expect(try answer("attachment: {name: {endsWith: .exe}}", facts) == .unknown)
        #expect(try answer("attachmentCount: {below: 5000}", facts) == .unknown)
        let to = (0..<1_001).map { "a\($0)@b.example" }.joined(separator: ",\r\n ")
        facts.read(Array("To: \(to)\r\n\r\n".utf8), for: .header, guesser: nil)
        #expect(try answer("to: a999@b.example", facts) == .yes)
        #expect(try answer("to: a1000@b.example", facts) == .unknown)
        facts.verdicts = .known(
            MailFacts.Verdicts(
                statuses: [.dkim: .pass], dkimDomains: ["a.example"], areDKIMDomainsWhole: false))
        #expect(try answer("dkimDomain: a.example", facts) == .yes)
        #expect(try answer("dkimDomain: b.example", facts) == .unknown)
        #expect(try answer("dkimDomain: {exists: false}", facts) == .no)
    }

    private func trace(_ rule: String, _ facts: MailFacts) throws -> RuleTrace {
        let set = try RuleDocument.read(
            "ruleSet: s\nrules:\n  - name: r\n    actions: []\n\(rule)", file: "f",
            catalogue: .unchecked)
        return RuleEvaluator(ruleSet: set).trace(dryRun: facts)[0]
    }

    @Test(arguments: [
        ("    when: [{spf: PASS}]\n", RuleTrace.Answer.conditions),
        ("    when: [{spf: PASS}]\n    whenUnknown: skip\n", .conditions),
        ("    when: [{spf: PASS}]\n    whenUnknown: take\n", .took),
        ("    when: [{spf: PASS}, {tls: false}]\n    whenUnknown: take\n", .conditions),
        ("    unless: [{spf: PASS}]\n", .conditions),
        ("    unless: [{spf: PASS}]\n    whenUnknown: take\n", .took),
        ("    unless: [{tls: true}]\n    whenUnknown: take\n", .conditions),
        ("    unless: [{tls: false}, {dkim: FAIL}]\n", .took),
        ("    when: [{tls: true}]\n    unless: [{dkim: PASS}]\n", .conditions),
    ])
    func takesOrSkips(_ rule: String, _ answer: RuleTrace.Answer) throws {
        #expect(try trace(rule, try Self.facts()).answer == answer)
    }

    /// What was asked, of what, and the answer; what was decided before is not asked.
    @Test func traces() throws {
        let trace = try trace(
            """
                when:
                  - any:
                      - header: {name: X-None}
                      - not: {subject: {contains: nothing}}
                      - tls: true
                  - spf: PASS
                unless:
                  - peer: 198.51.100.1

            """, try Self.facts())
        let lines = trace.conditions.dropFirst(2).map { condition in
            String(repeating: "  ", count: condition.depth)
                + "\(condition.text)? \(condition.value): \(condition.answer)"
        }
        #expect(
            lines == [
                "any of? : yes",
                "  header x-none exists? absent: no",
                "  not? : yes",
                "    not: subject contains “nothing”? “Rechnung für März [Case 77]”: yes",
                "spf is PASS? PROCESSING_FAILED: unknown",
                "not: peer in 198.51.100.1/32? 192.0.2.9: yes",
            ])
    }

    /// A rule that skips holds nothing back, and later ones are asked.
    @Test func goesOnAfterARuleThatSkips() throws {
        let set = try RuleDocument.read(
            """
            ruleSet: s
            rules:
              - {name: first, when: [{tls: false}], actions: [stop]}
              - {name: second, when: [{tls: true}], actions: [{notify: {topic: t}}]}
            """, file: "f", catalogue: .unchecked)
        let evaluation = RuleEvaluator(ruleSet: set).evaluate(try Self.facts()) { _ in nil }
        #expect(evaluation.next.map(\.key.rule) == ["second"])
        #expect(evaluation.isTaken)
        let plain = MailFacts(recipients: try Self.facts().recipients, isTLS: false)
        let stopped = RuleEvaluator(ruleSet: set).evaluate(plain) { _ in nil }
        #expect(stopped.next.isEmpty && stopped.isFinished)
    }

    static let needs: [(String, MailFacts.Needs)] = [
        ("subject: x", .header), ("any: [{body: x}, {from: y}]", [.header, .body]),
        ("not: {attachment: {}}", .attachments), ("attachmentCount: {above: 3}", .attachments),
        ("spam: FAIL", .screening), ("listScore: {above: 1}", .screening), ("spf: PASS", .origin),
        ("dmarcPolicy: none", .origin), ("peer: 192.0.2.1", []),
    ]

    @Test(arguments: needs)
    func saysWhatHasToBeRead(_ condition: String, _ needs: MailFacts.Needs) throws {
        let set = try RuleDocument.read(
            "ruleSet: s\nrules:\n  - {name: r, unless: [{\(condition)}], actions: []}\n", file: "f",
            catalogue: .unchecked)
        let evaluator = RuleEvaluator(ruleSet: set)
        #expect(evaluator.needs == needs)
        // Who asks for what a scan shows has the mail scanned.
        #expect(evaluator.scans(try Self.facts()) == needs.contains(.screening))
    }
}

@Suite struct TemplateTests {
    /// The actions of a rule as they are done with the mail of `ConditionTests`.
    private func planned(_ rule: String, change: (inout MailFacts) -> Void = { _ in }) throws
        -> [PlannedAction]
    {
        let set = try RuleDocument.read(
            "ruleSet: s\nrules:\n  - name: r\n\(rule)", file: "f", catalogue: .unchecked)
        #expect(
            try RuleDocument.read(
                RuleDocument.text(of: set), file: "again", catalogue: .unchecked) == set)
        var facts = try ConditionTests.facts()
        change(&facts)
        return RuleEvaluator(ruleSet: set).evaluate(facts) { _ in nil }.next
    }

    private func prefix(_ template: String, rule: String = "") throws -> String? {
        let actions = try planned(
            "\(rule)    actions: [{store: {bucket: b, prefix: '\(template)'}}]\n")
        guard case .store(_, let prefix, _, _) = actions.first?.action else { return nil }
        return prefix
    }

    @Test(arguments: [
        ("in/${year}/${month}/${day}/", "in/2026/11/28/"),
        ("${recipient}", "support@example.com"),
        ("${recipientLocalPart}-at-${recipientDomain}/", "support-at-example.com/"),
        ("${mailFrom}/${fromDomain}", "Bounce+7@partner.example/partner.example"),
        ("${subject}/", "Rechnung_f__r_M__rz__Case_77_/"),
        ("$${year}$$/$", "${year}$$/$"),
    ])
    func fillsInKeys(_ template: String, _ key: String) throws {
        #expect(try prefix(template) == key)
    }

    @Test func fillsInWhatExpressionsTook() throws {
        let rule = """
                recipients: [{matches: '^(?P<desk>[a-z]+)@'}]
                when:
                  - subject: {matches: 'case (?P<case>[0-9]+)'}
                  - any:
                      - body: {matches: 'no (?P<none>such)'}
                      - attachment: {name: {matches: '^(?P<file>.*)\\.pdf$'}}

            """
        #expect(
            try prefix("${desk}/${case}/${none}/${file}/", rule: rule)
                == "support/77/_/Invoice_7/")
    }

    /// What a branch took counts where the branch does.
    @Test func takesNothingFromABranchThatSaidNo() throws {
        let rule = """
                when:
                  - any:
                      - all: [{subject: {matches: 'Case (?P<n>[0-9]+)'}}, {tls: false}]
                      - all: [{header: {name: X-Priority, matches: '(?P<n>[0-9]+)'}}, {tls: true}]
                  - not: {body: {matches: 'no such (?P<n>thing)'}}

            """
        #expect(try prefix("${n}/", rule: rule) == "1/")
    }

    /// What a sender writes leads out of no folder and into no other line.
    @Test(arguments: [
        ("../../etc/passwd", "_._.._etc_passwd"), (".hidden", "_hidden"), ("", "_"), ("..", "_."),
        ("a/b\\c", "a_b_c"), ("\u{0}\r\n", "___"), ("%2e%2e", "_2e_2e"),
        (String(repeating: "x", count: 100), String(repeating: "x", count: 64)),
    ])
    func leadsNowhereElse(_ subject: String, _ part: String) throws {
        let actions = try planned(
            "    actions: [{store: {bucket: b, prefix: 'x/${taken}/'}}]\n"
                + "    when: [{body: {matches: '(?s)^(?P<taken>.*)$'}}]\n"
        ) { $0.body = .known(subject) }
        guard case .store(_, let prefix, _, _) = actions.first?.action else {
            return #expect(Bool(false))
        }
        #expect(prefix == "x/\(part)/")
    }

    @Test(arguments: [
        ("a b", "X: a b"), ("a\r\nBcc: b", "X: =?UTF-8?B?YSAgQmNjOiBi?="),
        ("ä", "X: =?UTF-8?B?w6Q=?="), ("=?x?=", "X: =?UTF-8?B?PT94Pz0=?="), ("", "X: "),
        (String(repeating: "x", count: 600), "X: " + String(repeating: "x", count: 512)),
        (String(repeating: "x", count: 511) + "ä", "X: " + String(repeating: "x", count: 511)),
    ])
    func staysOnOneLine(_ body: String, _ line: String) throws {
        let actions = try planned(
            "    actions: [{addHeader: {name: X, value: '${taken}'}}, {notify: {topic: t}}]\n"
                + "    when: [{body: {matches: '(?s)^(?P<taken>.*)$'}}]\n"
        ) { $0.body = .known(body) }
        #expect(actions.first?.addedHeaders == [line])
    }

    /// Nobody else is addressed: with what has no place there it is no address.
    @Test(arguments: [
        ("ada", "ada@desk.example"), ("a@b", " @desk.example"), ("", " @desk.example"),
        ("\u{E4}<\r\n>", " @desk.example"), ("x.y+z", "x.y+z@desk.example"),
        (String(repeating: "x", count: 65), " @desk.example"),
    ])
    func staysAtItsDomain(_ body: String, _ address: String) throws {
        let actions = try planned(
            "    actions: [{forward: {to: ['${taken}@desk.example', b@c.example], from: rewrite}}]\n"
                + "    when: [{body: {matches: '(?s)^(?P<taken>.*)$'}}]\n"
        ) { $0.body = .known(body) }
        #expect(
            actions.map(\.action) == [
                .forward(
                    to: [address, "b@c.example"], identity: nil, author: .rewrite)
            ])
    }

    /// In an answer it is one line, and no markup.
    @Test(arguments: [
        ("a b", "a b", "a b"), ("a\r\n\u{85}b", "a   b", "a   b"),
        ("<b c='\"&", "<b c='\"&", "&lt;b c=&#39;&quot;&amp;"), ("\u{e4}", "\u{e4}", "\u{e4}"),
        (
            String(repeating: "x", count: 201), String(repeating: "x", count: 200),
            String(repeating: "x", count: 200)
        ),
    ])
    func staysAWordOfAnAnswer(_ body: String, _ text: String, _ html: String) throws {
        let actions = try planned(
            "    actions: [{reply: {subject: 'S ${taken}', text: 'T ${taken}', html: '<p>${taken}'}}]\n"
                + "    when: [{body: {matches: '(?s)^(?P<taken>.*)$'}}]\n"
        ) { $0.body = .known(body) }
        #expect(
            actions.map(\.action) == [
                .reply(
                    ReceiptReply(
                        subject: "S \(text)", text: "T \(text)", html: "<p>\(html)", identity: nil,
                        everyDays: 7, isOnlyWhereNamed: true))
            ])
    }

    /// SES knows no templates: what looks like one stays what it is, there and back.
    @Test func keepsWhatSESSays() throws {
        let json = """
            {"Metadata": {"Name": "s"}, "Rules": [{"Name": "r", "Enabled": true, "Actions": [
              {"AddHeaderAction": {"HeaderName": "X", "HeaderValue": "${year} $${x"}},
              {"S3Action": {"BucketName": "b", "ObjectKeyPrefix": "${day}/"}}]}]}
            """
        let set = try SESRuleDocument.read(json, file: "f", catalogue: .unchecked)
        let planned = RuleEvaluator(ruleSet: set).evaluate(try ConditionTests.facts()) { _ in nil }
        #expect(planned.next.first?.addedHeaders == ["X: ${year} $${x"])
        #expect(SESRuleDocument.excess(of: set).isEmpty)
        let again = SESRuleDocument.text(of: set, createdAt: "2026-01-01T00:00:00.000Z")
        #expect(try SESRuleDocument.read(again, file: "f", catalogue: .unchecked) == set)
    }
}
