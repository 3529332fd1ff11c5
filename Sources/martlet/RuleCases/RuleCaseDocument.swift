import Documents
import Foundation
import MailModel
import RuleEngine

/// The cases that stand beside a rule file, in YAML. Loads whole or not at all.
struct RuleCaseDocument {
    private static let casesMax = 10_000

    /// The rule file, as a path from the folder of the case file; nil where none is named.
    private(set) var rules: String?
    private(set) var cases: [RuleCase] = []

    init(_ text: String, file: String) throws(DocumentProblems) {
        let reader = DocumentReader(file: file, text: text)
        if let root = reader.root(keys: ["rules", "cases"]) {
            rules = root.string("rules")
            let entries = root.required("cases")?.list() ?? []
            if entries.isEmpty { root.note("no case stands here", atKey: "cases") }
            if entries.count > Self.casesMax {
                root.note("\(entries.count) cases; at most \(Self.casesMax)", atKey: "cases")
            }
            cases = entries.compactMap(Self.ruleCase)
        }
        try reader.finish()
    }

    private static let keys = [
        "name", "to", "mailFrom", "helo", "peer", "peerName", "tls", "at", "mail", "text",
        "verdicts", "dmarcPolicy", "dkimDomains", "spamScore", "listScore", "answers", "expect",
    ]

    private static func ruleCase(_ value: DocumentValue) -> RuleCase? {
        guard let mapping = value.mapping(keys: keys) else { return nil }
        let recipients = (mapping.required("to")?.oneOrMore() ?? []).compactMap(mailbox)
        var facts = MailFacts(recipients: recipients, isTLS: mapping.bool("tls") ?? false)
        if let path = mapping.string("mailFrom") {
            facts.mailFrom =
                ["", "<>"].contains(path)
                ? .known(.null)
                : mailbox(mapping["mailFrom"]).map { .known(.mailbox($0)) } ?? .notGiven
        }
        if let helo = mapping.string("helo") { facts.helo = .known(helo) }
        if let peer = mapping["peer"] { facts.peerAddress = address(peer) }
        if let name = mapping["peerName"] { facts.peerName = domain(name) }
        if let at = mapping["at"] { facts.receivedAt = time(at) }
        facts.verdicts = verdicts(mapping)
        if mapping["mail"] != nil, mapping["text"] != nil {
            mapping.note(
                "“mail” names a file, and “text” is one: one of them stands here", atKey: "text")
        }
        return RuleCase(
            name: mapping.required("name")?.string() ?? "", facts: facts,
            content: mapping.string("mail").map { .file($0) }
                ?? mapping.string("text").map { .text($0) },
            answers: answers(mapping["answers"]),
            expected: mapping.required("expect").map { expected($0, of: recipients) }
                ?? .ofEveryWalk([]))
    }

    // MARK: Envelope and connection

    private static func mailbox(_ value: DocumentValue?) -> Mailbox? {
        guard let value, let text = value.string() else { return nil }
        guard let mailbox = Mailbox(text) else {
            value.note("“\(text)” is no mail address")
            return nil
        }
        return mailbox
    }

    private static func address(_ value: DocumentValue) -> Fact<IPAddress> {
        guard let text = value.string() else { return .notGiven }
        guard let address = IPAddress(text) else {
            value.note("“\(text)” is no IP address")
            return .notGiven
        }
        return .known(address)
    }

    private static func domain(_ value: DocumentValue) -> Fact<Domain?> {
        guard let text = value.string() else { return .notGiven }
        guard !text.isEmpty else { return .known(nil) }
        guard let domain = try? Domain(parsing: text) else {
            value.note("“\(text)” is no domain")
            return .notGiven
        }
        return .known(domain)
    }

    private static func time(_ value: DocumentValue) -> Fact<Timestamp> {
        guard let text = value.string() else { return .notGiven }
        guard let date = ISO8601DateFormatter().date(from: text) else {
            value.note("“\(text)” is no point in time, as 2026-12-01T09:00:00Z is one")
            return .notGiven
        }
        return .known(Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1_000)))
    }

    // MARK: What was found out

    private static func verdicts(_ mapping: DocumentMapping) -> Fact<MailFacts.Verdicts> {
        let details = ["verdicts", "dmarcPolicy", "dkimDomains", "spamScore", "listScore"]
        guard details.contains(where: { mapping[$0] != nil }) else { return .notGiven }
        var statuses: [VerdictFact: ReceiptVerdict] = [:]
        let given = mapping["verdicts"]?.mapping(keys: VerdictFact.allCases.map(\.rawValue))
        for fact in VerdictFact.allCases {
            statuses[fact] = given?[fact.rawValue]?.choice(
                ReceiptVerdict.allCases.map { ($0.rawValue, $0) })
        }
        return .known(
            MailFacts.Verdicts(
                statuses: statuses, dmarcPolicy: mapping.string("dmarcPolicy"),
                dkimDomains: (mapping["dkimDomains"]?.oneOrMore() ?? [])
                    .compactMap { $0.string()?.lowercased() },
                spamScore: mapping["spamScore"].flatMap(number),
                listScore: mapping["listScore"].flatMap(number)))
    }

    private static func number(_ value: DocumentValue) -> Double? {
        guard let text = value.string() else { return nil }
        guard let number = Double(text), number.isFinite else {
            value.note("“\(text)” is no number")
            return nil
        }
        return number
    }

    /// A disposition, or what asks for actions, too.
    private static func answer(_ value: DocumentValue) -> HandlerAnswer? {
        guard !value.isScalar else {
            return value.choice(Disposition.allCases.map { ($0.rawValue, $0) }).map {
                HandlerAnswer($0)
            }
        }
        return value.mapping(keys: ["disposition", "actions"]).map {
            HandlerAnswer($0, catalogue: .unchecked, subject: "")
        }
    }

    private static func answers(_ value: DocumentValue?) -> HandlerAnswers {
        guard let mapping = value?.mapping(keys: []) else { return HandlerAnswers() }
        return mapping.keys.reduce(into: HandlerAnswers()) { answers, handler in
            guard let answer = mapping.required(handler).flatMap(answer) else { return }
            answers.note(answer, of: handler, for: nil)
        }
    }

    // MARK: What is to come of it

    /// A list, or one under each recipient.
    private static func expected(
        _ value: DocumentValue, of recipients: [Mailbox]
    ) -> RuleCase.Expected {
        guard !value.isSequence, !value.isScalar, let mapping = value.mapping(keys: []) else {
            return .ofEveryWalk(expectations(value))
        }
        var each: [Mailbox: [RuleCase.Expectation]] = [:]
        for text in mapping.keys {
            guard let named = Mailbox(text), recipients.contains(named) else {
                let hint = NearMiss.hint(text, among: recipients.map(\.wireText))
                mapping.note("“\(text)” is no recipient in “to”\(hint)", atKey: text)
                continue
            }
            each[named] = mapping.required(text).map(expectations) ?? []
        }
        for recipient in recipients where each[recipient] == nil {
            value.noteWhole(
                "nothing is said of \(recipient.wireText); where no rule takes its mail, that is []"
            )
            each[recipient] = []
        }
        return .ofEach(each)
    }

    private static func expectations(_ value: DocumentValue) -> [RuleCase.Expectation] {
        value.list().compactMap { entry in
            guard let mapping = entry.mapping(keys: []) else { return nil }
            guard let rule = mapping.keys.first, mapping.keys.count == 1 else {
                entry.note(
                    "expected one rule with its actions: each stands behind a “-” of its own")
                return nil
            }
            let actions = mapping.required(rule)?.list() ?? []
            return RuleCase.Expectation(rule: rule, actions: actions.compactMap { $0.string() })
        }
    }
}
