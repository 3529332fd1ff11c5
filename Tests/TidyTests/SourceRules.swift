/// What a machine can judge of a file without taste. Each rule answers the lines that break it,
/// from 1.
enum SourceRules {
    struct Rule: Sendable {
        let name: String
        /// A line with none of these keeps the rule.
        let marks: [String]
        let isBreach: @Sendable (String) -> Bool

        func breaches(_ lines: TextLines) -> [Int] {
            lines.holding(marks).filter { isBreach($0.text) }.map(\.number)
        }
    }

    /// Of the code of our sources.
    static let ofCode = [
        Rule(name: "no print", marks: ["print(", "debugPrint(", "dump(", "NSLog("]) {
            $0.contains(#/(?:^|[^\w.])(?:print|debugPrint|dump|NSLog)\(/#)
        },
        Rule(name: "no try!", marks: ["try!"]) { $0.contains(#/\btry!/#) },
        Rule(name: "no as!", marks: ["as!"]) { $0.contains(#/\bas!/#) },
        Rule(name: "no fatalError", marks: ["fatalError("]) { $0.contains(#/\bfatalError\(/#) },
        Rule(name: "no force unwrap", marks: ["!"]) { line in
            line.replacing(#/\b(?:try|as)!/#, with: "").contains(#/[\w\])}"?]!(?:[^=]|$)/#)
        },
    ]

    /// Lines, from 1, that tell the compiler what to believe without a reason in a comment just
    /// above.
    static func beliefsWithoutReason(_ text: String) -> [Int] {
        let marks = ["@unchecked", "nonisolated(unsafe)"]
        let comments = Set(TextLines(SwiftText(text).comments).holding(["//"]).map(\.number))
        return TextLines(SwiftText(text).code).holding(marks).map(\.number)
            .filter { !comments.contains($0 - 1) }
    }

    /// Of every text file of the project. The marks are put together here, so that this file has
    /// none itself.
    static let ofTexts = [
        Rule(name: "nothing is left to do later", marks: later) { line in
            line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
                .contains { later.contains(String($0)) }
        },
        Rule(name: "no path of somebody's machine", marks: machines.map { "/\($0)/" }) { line in
            line.matches(of: #/(?:^|[^\w.~$}*\-])\/(\w+)\//#).contains { match in
                machines.contains(String(match.1))
            }
        },
    ]

    private static let later = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    private static let machines = ["ho" + "me", "ro" + "ot", "Us" + "ers"]

    /// Of comments and documents: `RFC 5321`, `RFC 5321 §4.1.1.2`, `RFC 3720 §B.4`, and no other way
    /// to say it.
    static let rfcReferences = Rule(
        name: "RFC references", marks: ["RFC", "rfc", "Rfc", "§"]
    ) { line in
        let mentions = line.matches(of: #/(?:^|[^\w\/.\-])(?i:rfcs?)[\s_\-]*(\d)/#).count
        let named = line.matches(
            of: #/(?:^|[^\w\/.\-])RFC [1-9]\d{2,3}(?!\d)(?!,? (?:[Ss]ec|[Aa]pp|[Cc]hap))/#
        ).count
        let marks = line.matches(of: #/§/#).count
        let placed = line.matches(
            of: #/RFC [1-9]\d{2,3} §(?:\d+|[A-Z])(?:\.\d+)*(?![\d§])/#
        ).count
        return mentions != named || marks != placed
    }
}
