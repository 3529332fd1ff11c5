package import Documents
package import MailFlow
package import MailModel
package import RuleEngine
package import Storage
import Synchronization

/// The port to the folder that rule sets live in.
package protocol RuleFiles: Sendable {
    /// Its path as people know it.
    var folder: String { get }

    /// Every `.yaml` file, a rule set each, and every `.list` file, a list of addresses: its path as people know it, and its text. Throws `DocumentProblems`
    /// where the folder or a file cannot be read.
    func read() throws(DocumentProblems) -> [(file: String, text: String)]

    /// Puts `text` in the place of the file called `name`, whole or not at all. Throws
    /// `StorageFailure` where it cannot.
    func write(_ text: String, as name: String) throws(StorageFailure)
}

/// What came of reading the rule files anew.
package struct RulesReload: Sendable {
    /// Every problem of every file; empty when all is well.
    package var problems: [DocumentProblem]
    /// What of the sets that load can never happen.
    package var warnings: [DocumentProblem]
    /// Whether the active set is in force as its file says now; a problem of another file does not
    /// hinder that. Where it is not, what was in force stays in force.
    package var isActiveSetInForce: Bool
}

/// The rule sets of the rules folder, and which of them is in force.
///
/// A file loads whole or not at all; while the active one has problems, what was in force stays
/// in force. Whoever asks that they are read (a signal, a changed file, an operator) waits for who
/// asked before, so that the newest reading is the last to count.
package final class RuleSets: Sendable {
    private struct State {
        var loaded = LoadedRuleSets()
        var active: String?
    }

    let files: any RuleFiles
    let catalogue: RuleCatalogue
    let rules: ActiveRules
    let store: any RuleSetStore
    let time: any TimeSource
    private let configuredActive: String?
    private let onActivation: @Sendable (ReceiptRuleSet) async -> Void
    private let state = Mutex(State())
    let turns = Turns()

    /// `configuredActive` counts until an operator activates another. `onActivation` is told each
    /// set that comes into force as it was not before.
    package init(
        files: any RuleFiles, catalogue: RuleCatalogue, configuredActive: String?,
        rules: ActiveRules, store: any RuleSetStore, time: any TimeSource,
        onActivation: @escaping @Sendable (ReceiptRuleSet) async -> Void
    ) {
        self.files = files
        self.catalogue = catalogue
        self.configuredActive = configuredActive
        self.rules = rules
        self.store = store
        self.time = time
        self.onActivation = onActivation
    }

    /// Reads every file anew and puts the active set into force, whatever the other files are.
    /// Throws `StorageFailure`; then nothing has changed.
    package func reload(
        because cause: RuleSetCause = .files
    ) async throws(StorageFailure) -> RulesReload {
        try await turns.take { () async throws(StorageFailure) in
            try await readAll(because: cause)
        }
    }

    /// For whoever has the turn.
    func readAll(because cause: RuleSetCause) async throws(StorageFailure) -> RulesReload {
        let active =
            switch try await store.activeRuleSet(of: .main) {
            case .named(let name): name
            case .noSet: String?.none
            case nil: configuredActive
            }
        let loaded = LoadedRuleSets(files, catalogue: catalogue, active: active)
        let wanted =
            if let active {
                loaded.ruleSet(active)
            } else {
                ReceiptRuleSet(name: "none", rules: [])
            }
        if let wanted {
            let before = rules.current.version
            try await rules.activate(
                wanted, from: loaded.source(of: wanted.name), because: cause, at: time.now())
            if rules.current.version != before { await onActivation(wanted) }
        }
        state.withLock { $0 = State(loaded: loaded, active: active) }
        return RulesReload(
            problems: loaded.problems, warnings: loaded.warnings,
            isActiveSetInForce: wanted != nil)
    }

    /// Makes the set called `name` active; nil: none. SES: `SetActiveReceiptRuleSet`.
    /// Throws `notFound` where there is no such set.
    func activate(_ name: String?) async throws(StorageFailure) -> RulesReload {
        try await turns.take { () async throws(StorageFailure) in try await choose(name) }
    }

    private func choose(_ name: String?) async throws(StorageFailure) -> RulesReload {
        if let name, ruleSet(name) == nil {
            throw .notFound("there is no rule set “\(name)”\(NearMiss.hint(name, among: names))")
        }
        try await store.setActiveRuleSet(name.map(ActiveRuleSet.named) ?? .noSet, of: .main)
        return try await readAll(because: .activation)
    }

    func ruleSet(_ name: String) -> ReceiptRuleSet? {
        state.withLock { $0.loaded.ruleSet(name) }
    }

    /// Names of all sets that load.
    var names: [String] { state.withLock { $0.loaded.names } }

    var views: [RuleSetView] {
        state.withLock { state in
            let problems = Dictionary(grouping: state.loaded.problems, by: \.file)
            let loaded = state.loaded.sets.map { set in
                RuleSetView(
                    name: set.ruleSet.name, file: set.file, rules: set.ruleSet.rules.count,
                    isActive: set.ruleSet.name == state.active, problems: [])
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
