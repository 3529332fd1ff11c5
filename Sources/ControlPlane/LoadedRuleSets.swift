package import Documents
package import RuleEngine

/// What the files of a rules folder say, and every problem that they have. A file loads whole or
/// not at all.
package struct LoadedRuleSets: Sendable {
    package private(set) var sets: [(file: String, ruleSet: ReceiptRuleSet)] = []
    package private(set) var problems: [DocumentProblem] = []

    init() {}

    /// `active` is the set that shall be in force; that none is called so is a problem too.
    package init(_ files: any RuleFiles, catalogue: RuleCatalogue, active: String?) {
        do throws(DocumentProblems) {
            for (file, text) in try files.read() { read(text, file, catalogue) }
        } catch {
            problems += error.problems
        }
        if let active, ruleSet(active) == nil, problems.isEmpty {
            problems.append(
                DocumentProblem(
                    file: "rules", line: nil, path: "active",
                    message: "there is no rule set “\(active)”"
                        + NearMiss.hint(active, among: names)))
        }
    }

    private mutating func read(_ text: String, _ file: String, _ catalogue: RuleCatalogue) {
        do throws(DocumentProblems) {
            let ruleSet = try RuleDocument.read(text, file: file, catalogue: catalogue)
            if let other = sets.first(where: { $0.ruleSet.name == ruleSet.name }) {
                problems.append(
                    DocumentProblem(
                        file: file, line: 1, path: "ruleSet",
                        message: "“\(ruleSet.name)” is the set of \(other.file) already"))
                return
            }
            sets.append((file, ruleSet))
        } catch {
            problems += error.problems
        }
    }

    package func ruleSet(_ name: String) -> ReceiptRuleSet? {
        sets.first { $0.ruleSet.name == name }?.ruleSet
    }

    package var names: [String] { sets.map(\.ruleSet.name).sorted() }
}
