import Documents
import RuleEngine
import Testing

/// What differs between two versions, in the words of rules.
@Suite struct RuleSetChangesTests {
    private static func read(
        _ rules: String, lists: [String: [String]] = [:]
    ) throws -> ReceiptRuleSet {
        var catalogue = RuleCatalogue.unchecked
        catalogue.lists = try lists.mapValues {
            try $0.map { try RecipientCondition(parsing: $0, allowsWildcards: true) }
        }
        return try RuleDocument.read(
            "ruleSet: a\nrules:\n\(rules)", file: "a", catalogue: catalogue)
    }

    private static func text(_ changes: RuleSetChanges) -> [String] {
        changes.rules.flatMap { rule in
            let old = rule.oldPosition.map { "\($0)" } ?? "-"
            let new = rule.newPosition.map { "\($0)" } ?? "-"
            return ["\(rule.kind) \(rule.name) \(old) \(new)"]
                + rule.lines.map { "\($0.isNew ? "+" : "-") \($0.key): \($0.text)" }
        } + changes.lists.map { "list \($0.name) +\($0.added) -\($0.removed)" }
    }

    @Test func saysNothingOfWhatIsTheSame() throws {
        let rules = "  - {name: a, when: [{subject: x}], actions: [stop]}\n"
        let changes = RuleSetChanges(from: try Self.read(rules), to: try Self.read(rules))
        #expect(changes.isEmpty)
    }

    @Test func namesWhatEachRuleSaysOtherwise() throws {
        let old = try Self.read(
            """
              - {name: gone, actions: [drop]}
              - {name: a, recipients: [x.example, y.example], when: [{subject: x}], actions: [stop]}
              - {name: b, enabled: false, scan: true, actions: []}
              - {name: c, actions: [drop]}
            """)
        let new = try Self.read(
            """
              - {name: c, actions: [drop]}
              - name: a
                recipients: [y.example, z.example]
                when: [{subject: x}]
                unless: [{size: {above: 5}}]
                whenUnknown: take
                actions: [store: {bucket: m}, stop]
              - {name: b, tls: require, actions: []}
              - {name: new, actions: [drop]}
            """)
        #expect(
            Self.text(RuleSetChanges(from: old, to: new)) == [
                "removed gone 1 -", "- actions: drop", "moved c 4 1", "changed a 2 2",
                "- recipients: x.example", "+ recipients: z.example",
                "+ unless: {size: {above: 5}}", "+ whenUnknown: take",
                "+ actions: store: {bucket: m}", "changed b 3 3", "- enabled: false",
                "+ tls: require", "- scan: true", "added new - 4", "+ actions: drop",
            ])
    }

    @Test func namesWhatTheSetSaysBesideItsRules() throws {
        let old = try Self.read("  - {name: a, actions: [drop]}\n")
        var new = old
        new.name = "b"
        let lines = RuleSetChanges(from: old, to: new).lines
        #expect(
            lines.map { "\($0.isNew) \($0.key) \($0.text)" } == [
                "false ruleSet a", "true ruleSet b",
            ])
    }

    @Test func namesEntriesOfLists() throws {
        let rules = "  - {name: a, when: [{mailFrom: {in: [l, m]}}], actions: [stop]}\n"
        let changes = RuleSetChanges(
            from: try Self.read(rules, lists: ["l": ["a@x.example", "y.example"], "m": []]),
            to: try Self.read(rules, lists: ["l": ["y.example", ".z.example"], "m": []]))
        #expect(Self.text(changes) == ["list l +[\".z.example\"] -[\"a@x.example\"]"])
    }
}
