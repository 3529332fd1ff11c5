import RuleEngine

/// A trace for people: each rule, what was asked of it, what it answered, what it did; for one
/// recipient after another, where rules are asked so.
enum TraceText {
    static func write(_ traces: [RuleTrace]) {
        var recipient: String?
        for trace in traces {
            if let one = trace.recipient, one != recipient {
                Terminal.write("for \(Terminal.bold(Terminal.printable(one)))\n")
                recipient = one
            }
            Terminal.write(
                "\(mark(trace)) \(Terminal.bold(trace.rule))  \(Terminal.dim(Terminal.printable(trace.why)))\n"
            )
            for condition in trace.conditions {
                write(condition)
            }
            for action in trace.actions where trace.answer == .took {
                write(action)
            }
        }
    }

    private static func write(_ action: RuleTrace.Action) {
        let said = (action.detail ?? "").isEmpty ? "" : ": \(action.detail ?? "")"
        let standing = Terminal.dim(Terminal.printable(action.standing + said))
        let indent = action.asked == nil ? "    " : "      "
        Terminal.write("\(indent)-> \(Terminal.printable(action.text))  \(standing)\n")
    }

    private static func write(_ condition: RuleTrace.Condition) {
        let answer =
            switch condition.answer {
            case .yes: Terminal.green("yes")
            case .no: Terminal.red("no")
            case .unknown: Terminal.yellow("not known")
            }
        let indent = String(repeating: "  ", count: condition.depth)
        let value =
            condition.value.isEmpty ? "" : "  \(Terminal.printable(condition.value))"
        Terminal.write(
            "    \(indent)\(Terminal.printable(condition.text))?\(value): \(answer)\n")
    }

    private static func mark(_ trace: RuleTrace) -> String {
        trace.answer == .took ? Terminal.green("+") : "-"
    }
}
