/// What differs between two versions of a rule set, in the words of rules.
package struct RuleSetChanges: Sendable, Codable, Equatable {
    /// What the set says beside its rules.
    package private(set) var lines: [Line] = []
    /// Removed rules first, the others as the new version has them; rules of which nothing differs are
    /// left out.
    package private(set) var rules: [Rule] = []
    /// The address lists that the rules name, by name.
    package private(set) var lists: [List] = []

    package struct Rule: Sendable, Codable, Equatable {
        package enum Kind: String, Sendable, Codable {
            case added, removed
            /// It stands before or behind other rules than it did.
            case moved
            case changed
        }

        package var name: String
        /// `moved`, too, may have lines.
        package var kind: Kind
        /// Its positions, from 1; nil where there is none.
        package var oldPosition: Int?
        package var newPosition: Int?
        package var lines: [Line]
    }

    /// Something that a rule, or the set, says in one of the versions alone.
    package struct Line: Sendable, Codable, Hashable {
        package var isNew: Bool
        /// The key under which it stands: `recipients`, `when`, `actions`, ….
        package var key: String
        /// As a rule file has it.
        package var text: String
    }

    package struct List: Sendable, Codable, Equatable {
        package var name: String
        package var added: [String]
        package var removed: [String]
    }

    package var isEmpty: Bool { lines.isEmpty && rules.isEmpty && lists.isEmpty }

    package init(from old: ReceiptRuleSet, to new: ReceiptRuleSet) {
        let oldPositions = Self.positions(old)
        let newPositions = Self.positions(new)
        for (position, rule) in old.rules.enumerated() where newPositions[rule.name] == nil {
            rules.append(
                Rule(
                    name: rule.name, kind: .removed, oldPosition: position + 1, newPosition: nil,
                    lines: Self.lines(from: rule, to: nil)))
        }
        let moved = Self.moved(
            old.rules.map(\.name).filter { newPositions[$0] != nil },
            new.rules.map(\.name).filter { oldPositions[$0] != nil })
        for (position, rule) in new.rules.enumerated() {
            let former = oldPositions[rule.name]
            let lines = Self.lines(from: former.map { old.rules[$0] }, to: rule)
            let kind: Rule.Kind =
                former == nil ? .added : moved.contains(rule.name) ? .moved : .changed
            guard kind != .changed || !lines.isEmpty else { continue }
            rules.append(
                Rule(
                    name: rule.name, kind: kind, oldPosition: former.map { $0 + 1 },
                    newPosition: position + 1, lines: lines))
        }
        lists = Self.lists(from: old.lists ?? [:], to: new.lists ?? [:])
        lines = Self.lines(from: Self.heading(old), to: Self.heading(new))
    }

    private static func heading(_ ruleSet: ReceiptRuleSet) -> [RuleDocument.Entry] {
        var bare = ruleSet
        bare.rules = []
        return RuleDocument.text(of: bare).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0] != "rules" else { return nil }
            return RuleDocument.Entry(key: String(parts[0]), text: String(parts[1].dropFirst()))
        }
    }

    private static func positions(_ ruleSet: ReceiptRuleSet) -> [String: Int] {
        Dictionary(ruleSet.rules.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// The fewest that have to be taken out of both for the rest to stand in one order.
    private static func moved(_ old: [String], _ new: [String]) -> Set<String> {
        Set(
            new.difference(from: old).insertions.map { change in
                switch change {
                case .insert(_, let name, _), .remove(_, let name, _): name
                }
            })
    }

    // MARK: What a rule says

    private static func lines(from old: ReceiptRule?, to new: ReceiptRule?) -> [Line] {
        let changes = lines(
            from: old.map { RuleDocument.entries(of: $0) } ?? [],
            to: new.map { RuleDocument.entries(of: $0) } ?? [])
        // What is said in the place of something stands behind it.
        return RuleDocument.ruleKeys.flatMap { key in changes.filter { $0.key == key } }
    }

    private static func lines(
        from old: [RuleDocument.Entry], to new: [RuleDocument.Entry]
    ) -> [Line] {
        let difference = new.difference(from: old)
        return (difference.removals + difference.insertions).map { change in
            switch change {
            case .remove(_, let entry, _): Line(isNew: false, key: entry.key, text: entry.text)
            case .insert(_, let entry, _): Line(isNew: true, key: entry.key, text: entry.text)
            }
        }
    }

    // MARK: Lists

    private static func lists(
        from old: [String: [RecipientCondition]], to new: [String: [RecipientCondition]]
    ) -> [List] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            let before = Set(old[name, default: []].map(\.text))
            let after = Set(new[name, default: []].map(\.text))
            guard old[name] != new[name] else { return nil }
            return List(
                name: name, added: after.subtracting(before).sorted(),
                removed: before.subtracting(after).sorted())
        }
    }
}
