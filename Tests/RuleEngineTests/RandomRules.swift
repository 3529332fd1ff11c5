import Documents
import MailModel
import RuleEngine

/// Rule sets and mails of few words, so that they often meet.
struct RandomRules {
    private var generator = SystemRandomNumberGenerator()
    private let conditions: [RuleCondition]
    private let recipients: [RecipientCondition]

    private static let locals = ["a", "b", "a+x", "b+x+y", "postmaster", "\"a b\"", "a-1", "+x"]
    private static let domains = ["e.test", "s.e.test", "t.s.e.test", "f.test"]
    private static let entries =
        domains + domains.map { ".\($0)" }
        + locals.flatMap { local in domains.map { "\(local)@\($0)" } }
        + [
            "*@e.test", "*@*.e.test", "*@*", "a*@s.e.test", "*x@f.test", "*@*e.test", "a*@*.test",
        ]
    private static let asked = [
        "{tls: true}", "{tls: false}", "{mailFrom: a@x.test}", "{mailFrom: [a@x.test, '']}",
        "{mailFrom: {is: a@x.test, endsWith: y.test}}", "{mailFrom: {contains: x}}",
        "{mailFrom: {endsWith: x.test}}", "{mailFrom: {like: '*@*.test'}}",
        "{mailFrom: {matches: '^B'}}", "{subject: a}", "{subject: b}", "{subject: {contains: a}}",
        "{subject: {is: [a, b], startsWith: c}}", "{subject: {exists: false}}",
        "{subject: {exists: true}}", "{header: {name: X-A, exists: false}}",
        "{header: {name: X-A, is: ab}}", "{size: {above: 10}}", "{size: {below: 10}}",
        "{size: {atLeast: 10, atMost: 10}}", "{size: {is: 5}}", "{size: {above: 9, below: 10}}",
        "{size: {above: 100}}", "{size: {below: 0}}", "{attachmentCount: {is: 0}}",
        "{attachmentCount: {above: 0}}", "{attachment: {}}", "{spamScore: {above: 5}}",
        "{attachment: {name: {is: a.txt, endsWith: .pdf}}}", "{attachment: {size: {below: 1}}}",
        "{attachment: {name: {is: [a.txt, b.pdf], endsWith: .pdf}}}",
        "{spamScore: {atMost: 5}}", "{spf: PASS}", "{spf: [FAIL, GRAY]}",
        "{spf: [PASS, PROCESSING_FAILED]}", "{dkim: DISABLED}", "{dmarcPolicy: none}",
        "{dmarcPolicy: [reject, quarantine]}", "{peer: 192.0.2.0/24}", "{peer: 192.0.2.9}",
        "{peer: ['2001:db8::/32', 198.51.100.0/24]}", "{time: {from: '22:00', to: '06:00'}}",
        "{time: {from: '06:00', to: '22:00'}}", "{time: {days: [sat, sun]}}",
        "{time: {from: '23:00', to: '01:00', days: [fri]}}", "{recipient: {startsWith: a}}",
        "{recipient: {endsWith: '@e.test'}}", "{helo: {exists: false}}", "{helo: x.test}",
    ]
    private static let actions: [ReceiptAction] = [
        .store(bucket: "b", prefix: nil, topic: nil, onFailure: .hold),
        .store(bucket: "b", prefix: nil, topic: nil, onFailure: .goOn),
        .invoke(handler: "h", type: .requestResponse, topic: nil, onFailure: .hold),
        .invoke(handler: "h", type: .requestResponse, topic: nil, onFailure: .goOn),
        .invoke(handler: "h", type: .event, topic: nil, onFailure: .hold),
        .notify(topic: "t", encoding: .utf8), .addHeader(name: "X", value: "y"),
        .quarantine(reason: nil), .stop(topic: nil), .stop(topic: "t"), .drop,
        .stop(topic: nil), .drop,
    ]

    init() throws {
        let rules = Self.asked.enumerated().map {
            "  - {name: r\($0), when: [\($1)], actions: []}\n"
        }
        conditions = try RuleDocument.read(
            "ruleSet: asked\nrules:\n\(rules.joined())", file: "asked", catalogue: .unchecked
        ).rules.flatMap { $0.conditions?.when ?? [] }
        recipients =
            try Self.entries.map { try RecipientCondition(parsing: $0, allowsWildcards: true) }
            + ["^a", "@e\\.test$"].map { .matches(try Pattern($0)) }
    }

    private mutating func pick<Element>(_ elements: [Element], _ counts: ClosedRange<Int>)
        -> [Element]
    {
        (0..<Int.random(in: counts, using: &generator)).compactMap { _ in
            elements.randomElement(using: &generator)
        }
    }

    mutating func isLikely(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &generator) < percent
    }

    // MARK: Rules

    mutating func ruleSet() -> ReceiptRuleSet {
        // A few conditions that rules share.
        let shared = pick(conditions, 1...3)
        return ReceiptRuleSet(
            name: "random",
            rules: (0..<Int.random(in: 2...5, using: &generator)).map { rule($0, shared) })
    }

    private mutating func rule(_ number: Int, _ shared: [RuleCondition]) -> ReceiptRule {
        ReceiptRule(
            name: "r\(number)", isEnabled: isLikely(90),
            tlsPolicy: isLikely(20) ? .require : .optional, recipients: pick(recipients, 0...2),
            conditions: isLikely(50) ? nil : asked(shared), actions: actions(),
            isScanEnabled: false)
    }

    private mutating func actions() -> [ReceiptAction] {
        guard isLikely(25) else { return pick(Self.actions, 1...3) }
        let question = SessionQuestion(handler: "h", timeoutSeconds: 1, onFailure: .accept)
        return [
            .reject(
                code: 550, status: EnhancedStatus(class: 5, subject: 7, detail: 1), text: "no",
                asking: isLikely(30) ? question : nil)
        ]
    }

    private mutating func asked(_ shared: [RuleCondition]) -> RuleConditions {
        var when = pick(isLikely(50) ? shared : conditions, 0...3)
        if isLikely(30) { when.append(group()) }
        return RuleConditions(
            when: when, unless: pick(isLikely(50) ? shared : conditions, 0...1),
            whenUnknown: isLikely(25) ? .take : .skip)
    }

    private mutating func group() -> RuleCondition {
        let members = pick(conditions, 1...3) + (isLikely(20) ? [group()] : [])
        let groups: [RuleCondition] = [
            .all(members), .any(members), .not(.any(members)), .not(.all(members)),
        ]
        return groups[Int.random(in: 0..<groups.count, using: &generator)]
    }

    // MARK: Mails

    /// None larger than `bytesMax`.
    mutating func mail(bytesMax: Int) -> MailFacts {
        let recipients = pick(Self.locals, 1...3).compactMap { local in
            Self.domains.randomElement(using: &generator).flatMap { Mailbox("\(local)@\($0)") }
        }
        var facts = MailFacts(recipients: recipients, isTLS: isLikely(50))
        facts.size = known([0, 5, 10, 11, bytesMax].filter { $0 <= bytesMax })
        let senders = ["a@x.test", "B@x.test", "a@y.test"].compactMap { Mailbox($0) }
        facts.mailFrom = known(senders.map { ReversePath.mailbox($0) } + [ReversePath.null])
        facts.helo = known(["x.test", "y.test"])
        facts.peerAddress = known(
            ["192.0.2.9", "192.0.2.1", "198.51.100.7", "2001:db8::1"].compactMap { IPAddress($0) })
        // Some minute of some week.
        let minute = Int.random(in: 0..<10_080, using: &generator)
        facts.receivedAt = known([
            Timestamp(milliseconds: 1_700_000_000_000 + Int64(minute) * 60_000)
        ])
        if isLikely(80) { facts.read(content(), for: .content, guesser: nil) }
        if isLikely(80) { facts.verdicts = .known(verdicts()) }
        return facts
    }

    private mutating func known<Value>(_ values: [Value]) -> Fact<Value> {
        guard isLikely(85), let value = values.randomElement(using: &generator) else {
            return .notGiven
        }
        return .known(value)
    }

    private mutating func content() -> [UInt8] {
        var text = pick(["Subject: a", "Subject: b", "Subject: cab", "X-A: AB", "X-A: b"], 0...3)
            .map { "\($0)\r\n" }.joined()
        text += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n"
        for name in pick(["a.txt", "b.pdf"], 0...2) {
            text += "--z\r\nContent-Type: text/plain\r\n"
            text += "Content-Disposition: attachment; filename=\(name)\r\n\r\n"
            text += isLikely(50) ? "x\r\n" : "\r\n"
        }
        return Array((text + "--z--\r\n").utf8)
    }

    private mutating func verdicts() -> MailFacts.Verdicts {
        var verdicts = MailFacts.Verdicts(statuses: [:])
        for fact in VerdictFact.allCases where isLikely(80) {
            verdicts.statuses[fact] = ReceiptVerdict.allCases.randomElement(using: &generator)
        }
        if isLikely(50) {
            verdicts.dmarcPolicy = ["none", "quarantine", "reject"].randomElement(using: &generator)
        }
        if isLikely(60) { verdicts.spamScore = [-1, 5, 5.5].randomElement(using: &generator) }
        return verdicts
    }

    mutating func disposition() -> Disposition {
        Disposition.allCases.randomElement(using: &generator) ?? .continueOn
    }
}
