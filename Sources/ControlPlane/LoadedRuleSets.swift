package import Documents
package import RuleEngine
import Storage

/// What the files of a rules folder say, and every problem that they have. A file loads whole or
/// not at all, and a set only with the lists that it names; of files that claim one name none does,
/// since nobody knows which was meant.
package struct LoadedRuleSets: Sendable {
    package private(set) var sets: [(file: String, ruleSet: ReceiptRuleSet, text: String)] = []
    package private(set) var problems: [DocumentProblem] = []
    /// What of the sets can never happen; they load all the same.
    package private(set) var warnings: [DocumentProblem] = []
    /// The texts of the address lists, by their names.
    private var lists: [String: String] = [:]

    init() {}

    /// `active` is the set that shall be in force; that none is called so is a problem too.
    package init(_ files: any RuleFiles, catalogue: RuleCatalogue, active: String?) {
        do throws(DocumentProblems) {
            let files = try files.read()
            var lists = AddressLists()
            for (file, text) in files where file.hasSuffix(".list") {
                lists.read(text, file: file)
                self.lists[AddressListDocument.name(of: file)] = text
            }
            problems += lists.broken.sorted { $0.key < $1.key }.flatMap(\.value.problems)
            var catalogue = catalogue
            catalogue.lists = lists.entries
            for (file, text) in files where !file.hasSuffix(".list") {
                read(text, file, catalogue, lists)
            }
        } catch {
            problems += error.problems
        }
        removeRivals()
        if let active, ruleSet(active) == nil, problems.isEmpty {
            problems.append(
                DocumentProblem(
                    file: files.folder, line: nil, path: "",
                    message: "there is no rule set “\(active)” to be active (rules.active)"
                        + NearMiss.hint(active, among: names)))
        }
    }

    private mutating func read(
        _ text: String, _ file: String, _ catalogue: RuleCatalogue, _ lists: AddressLists
    ) {
        do throws(DocumentProblems) {
            let ruleSet = try RuleDocument.read(text, file: file, catalogue: catalogue)
            let broken = lists.broken(in: ruleSet)
            guard broken.isEmpty else {
                problems += broken.map { name in
                    DocumentProblem(
                        file: file, line: nil, path: "ruleSet",
                        message: "the list \(name).list that it names has problems")
                }
                return
            }
            sets.append((file, ruleSet, text))
            warnings += RuleDocument.warnings(
                about: ruleSet, in: text, file: file, mailBytesMax: catalogue.mailBytesMax)
        } catch {
            problems += error.problems
        }
    }

    private mutating func removeRivals() {
        let byName = Dictionary(grouping: sets, by: \.ruleSet.name).sorted { $0.key < $1.key }
        for (name, rivals) in byName where rivals.count > 1 {
            sets.removeAll { $0.ruleSet.name == name }
            for rival in rivals {
                let others = rivals.map(\.file).filter { $0 != rival.file }.joined(separator: ", ")
                problems.append(
                    DocumentProblem(
                        file: rival.file, line: nil, path: "ruleSet",
                        message: "“\(name)” is the name of \(others) too: none of them counts"))
            }
        }
    }

    package func ruleSet(_ name: String) -> ReceiptRuleSet? {
        sets.first { $0.ruleSet.name == name }?.ruleSet
    }

    /// What a file of the folder is called in it.
    static func name(ofFile path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// What the set called `name` was read from.
    func source(of name: String) -> RuleSetSource? {
        sets.first { $0.ruleSet.name == name }.map { set in
            RuleSetSource(
                file: Self.name(ofFile: set.file),
                text: set.text,
                lists: lists.filter { set.ruleSet.lists?.keys.contains($0.key) == true })
        }
    }

    package var names: [String] { sets.map(\.ruleSet.name).sorted() }
}
