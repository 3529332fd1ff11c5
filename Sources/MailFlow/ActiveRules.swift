package import MailModel
package import RuleEngine
package import Storage
import Synchronization

/// The rules in force, and those of earlier versions that mails on their way were stamped with.
///
/// A set is kept in the store under its version before any mail is stamped with it, so a mail
/// can always be judged by the rules of its arrival.
package final class ActiveRules: Sendable {
    fileprivate struct State {
        var current: RuleEvaluator
        /// Earlier ones, the last used at the end.
        var earlier: [RuleEvaluator] = []
    }

    /// Versions beside the current one that are kept in memory; others are read when a mail of
    /// theirs comes by.
    package static let versionsMax = 16

    private let state: Mutex<State>
    private let store: any RuleSetStore

    /// Until `activate` there is no rule and so no recipient.
    package init(store: any RuleSetStore) {
        let none = RuleEvaluator(ruleSet: ReceiptRuleSet(name: "none", rules: []))
        state = Mutex(State(current: none))
        self.store = store
    }

    package var current: RuleEvaluator {
        state.withLock { $0.current }
    }

    /// Puts `ruleSet` into force for mails that arrive from now on. SES: `SetActiveReceiptRuleSet`.
    /// `source` is what it was read from. Throws `StorageFailure`; then the old rules stay in force.
    package func activate(
        _ ruleSet: ReceiptRuleSet, from source: RuleSetSource? = nil,
        because cause: RuleSetCause = .start, at time: Timestamp
    ) async throws(StorageFailure) {
        let evaluator = RuleEvaluator(ruleSet: ruleSet)
        try await store.keep(
            version: evaluator.version, name: ruleSet.name, document: ruleSet.canonicalJSON,
            source: source, because: cause, at: time)
        state.withLock { state in
            state.use(state.current)
            state.current = evaluator
        }
    }

    /// The rules that were in force under `version`.
    package func evaluator(
        ofVersion version: String
    ) async throws(StorageFailure) -> RuleEvaluator {
        let known = state.withLock { $0.evaluator(ofVersion: version) }
        if let known { return known }
        guard let document = try await store.document(ofVersion: version) else {
            throw .notFound("rule set version \(version)")
        }
        guard let ruleSet = ReceiptRuleSet(canonicalJSON: document) else {
            throw .damaged("rule set version \(version)")
        }
        let evaluator = RuleEvaluator(ruleSet: ruleSet)
        state.withLock { $0.use(evaluator) }
        return evaluator
    }

    /// How many versions are in memory.
    package var versionCount: Int { state.withLock { $0.earlier.count + 1 } }
}

extension ActiveRules.State {
    fileprivate mutating func evaluator(ofVersion version: String) -> RuleEvaluator? {
        if current.version == version { return current }
        guard let found = earlier.last(where: { $0.version == version }) else { return nil }
        use(found)
        return found
    }

    /// Makes `evaluator` the last used; the one that was not for the longest time goes.
    fileprivate mutating func use(_ evaluator: RuleEvaluator) {
        earlier.removeAll { $0.version == evaluator.version }
        earlier.append(evaluator)
        if earlier.count > ActiveRules.versionsMax { earlier.removeFirst() }
    }
}
