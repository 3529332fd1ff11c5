import RuleEngine

/// What differs between two versions of a rule set, for people.
enum RuleChangesText {
    static func write(_ changes: RuleSetChanges) {
        if !changes.lines.isEmpty { Terminal.write("\n~ the set\n") }
        for line in changes.lines { write(line) }
        for rule in changes.rules {
            Terminal.write("\n\(heading(rule))\n")
            for line in rule.lines { write(line) }
        }
        for list in changes.lists {
            Terminal.write("\n~ \(Terminal.bold("list \(list.name)"))\n")
            for entry in list.removed { write(entry, isNew: false) }
            for entry in list.added { write(entry, isNew: true) }
        }
        if changes.isEmpty { Terminal.write("\nnothing differs\n") }
    }

    private static func heading(_ rule: RuleSetChanges.Rule) -> String {
        let name = Terminal.bold(rule.name)
        let (old, new) = (rule.oldPosition ?? 0, rule.newPosition ?? 0)
        switch rule.kind {
        case .added: return "\(Terminal.green("+")) \(name)  is new, as rule \(new)"
        case .removed: return "\(Terminal.red("-")) \(name)  is gone; it was rule \(old)"
        case .moved: return "~ \(name)  moved from rule \(old) to rule \(new)"
        case .changed: return "~ \(name)"
        }
    }

    private static func write(_ line: RuleSetChanges.Line) {
        write("\(line.key): \(line.text)", isNew: line.isNew)
    }

    private static func write(_ text: String, isNew: Bool) {
        let line = Terminal.printable("    \(isNew ? "+" : "-") \(text)")
        Terminal.write("\(isNew ? Terminal.green(line) : Terminal.red(line))\n")
    }
}
