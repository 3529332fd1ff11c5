package import Documents
package import MailFlow
package import MailModel
package import RuleEngine
package import Storage
import Synchronization

/// The port to the folder that rule sets live in.
package protocol RuleFiles: Sendable {
    /// Every `.yaml` file: its path as people know it, and its text. Throws `DocumentProblems`
    /// where the folder or a file cannot be read.
    func read() throws(DocumentProblems) -> [(file: String, text: String)]
}

/// The rule sets of the rules folder, and which of them is in force.
///
/// A file loads whole or not at all; while the active one has problems, what was in force stays
/// in force.
package final class RuleSets: Sendable {
    private struct State {
        var sets: [(file: String, ruleSet: ReceiptRuleSet)] = []
        var problems: [DocumentProblem] = []
        var active: String?
    }

    private let files: any RuleFiles
    private let catalogue: RuleCatalogue
    private let rules: ActiveRules
    private let store: any RuleSetStore
    private let time: any TimeSource
    private let configuredActive: String?
    private let state = Mutex(State())

    /// `configuredActive` counts until an operator activates another.
    package init(
        files: any RuleFiles, catalogue: RuleCatalogue, configuredActive: String?,
        rules: ActiveRules, store: any RuleSetStore, time: any TimeSource
    ) {
        self.files = files
        self.catalogue = catalogue
        self.configuredActive = configuredActive
        self.rules = rules
        self.store = store
        self.time = time
    }

    /// Reads every file anew and puts the active set into force. Answers all problems; empty when
    /// all is well. Throws `StorageFailure`; then nothing has changed.
    @discardableResult
    package func reload() async throws(StorageFailure) -> [DocumentProblem] {
        var fresh = State()
        do throws(DocumentProblems) {
            for (file, text) in try files.read() { read(text, file, &fresh) }
        } catch {
            fresh.problems += error.problems
        }
        let chosen = try await store.activeRuleSet(of: .main)
        // The empty name says that an operator has set no set active.
        fresh.active = chosen == "" ? nil : chosen ?? configuredActive
        if let name = fresh.active {
            if let found = fresh.sets.first(where: { $0.ruleSet.name == name }) {
                try await rules.activate(found.ruleSet, at: time.now())
            } else if fresh.problems.isEmpty {
                fresh.problems.append(missing(name, in: fresh))
            }
        } else {
            try await rules.activate(ReceiptRuleSet(name: "none", rules: []), at: time.now())
        }
        let problems = fresh.problems
        state.withLock { [fresh] in $0 = fresh }
        return problems
    }

    private func read(_ text: String, _ file: String, _ state: inout State) {
        do throws(DocumentProblems) {
            let ruleSet = try RuleDocument.read(text, file: file, catalogue: catalogue)
            if let other = state.sets.first(where: { $0.ruleSet.name == ruleSet.name }) {
                state.problems.append(
                    DocumentProblem(
                        file: file, line: 1, path: "ruleSet",
                        message: "“\(ruleSet.name)” is the set of \(other.file) already"))
                return
            }
            state.sets.append((file, ruleSet))
        } catch {
            state.problems += error.problems
        }
    }

    private func missing(_ name: String, in state: State) -> DocumentProblem {
        let hint = NearMiss.hint(name, among: state.sets.map(\.ruleSet.name))
        return DocumentProblem(
            file: "rules", line: nil, path: "", message: "there is no rule set “\(name)”\(hint)")
    }

    /// Makes the set called `name` active; nil: none. SES: `SetActiveReceiptRuleSet`.
    /// Throws `notFound` where there is no such set.
    func activate(_ name: String?) async throws(StorageFailure) {
        if let name, ruleSet(name) == nil {
            throw .notFound("there is no rule set “\(name)”\(NearMiss.hint(name, among: names))")
        }
        try await store.setActiveRuleSet(name ?? "", of: .main)
        try await reload()
    }

    func ruleSet(_ name: String) -> ReceiptRuleSet? {
        state.withLock { $0.sets.first { $0.ruleSet.name == name }?.ruleSet }
    }

    var activeName: String? { state.withLock { $0.active } }

    /// Names of all sets that load.
    var names: [String] { state.withLock { $0.sets.map(\.ruleSet.name).sorted() } }

    var views: [RuleSetView] {
        state.withLock { state in
            let problems = Dictionary(grouping: state.problems, by: \.file)
            let loaded = state.sets.map { file, ruleSet in
                RuleSetView(
                    name: ruleSet.name, file: file, rules: ruleSet.rules.count,
                    isActive: ruleSet.name == state.active, problems: [])
            }
            let files = Set(loaded.map(\.file))
            let broken = problems.filter { !files.contains($0.key) }.map { file, problems in
                RuleSetView(
                    name: "", file: file, rules: 0, isActive: false,
                    problems: problems.map(\.description))
            }
            return (loaded + broken).sorted { $0.file < $1.file }
        }
    }
}
