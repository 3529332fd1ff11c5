package import MailModel
package import RuleEngine
package import Storage
import Synchronization

/// The rules in force, and those of earlier versions that mails on their way were stamped with.
///
/// A set is kept in the store under its version before any mail is stamped with it, so a mail
/// can always be judged by the rules of its arrival.
package final class ActiveRules: Sendable {
    private struct State {
        var current: RuleEvaluator
        var byVersion: [String: RuleEvaluator]
    }

    private let state: Mutex<State>
    private let store: any RuleSetStore

    /// Until `activate` there is no rule and so no recipient.
    package init(store: any RuleSetStore) {
        let none = RuleEvaluator(ruleSet: ReceiptRuleSet(name: "none", rules: []))
        state = Mutex(State(current: none, byVersion: [:]))
        self.store = store
    }

    package var current: RuleEvaluator {
        state.withLock { $0.current }
    }

    /// Puts `ruleSet` into force for mails that arrive from now on. SES: `SetActiveReceiptRuleSet`.
    /// Throws `StorageFailure`; then the old rules stay in force.
    package func activate(
        _ ruleSet: ReceiptRuleSet, at time: Timestamp
    ) async throws(StorageFailure) {
        let evaluator = RuleEvaluator(ruleSet: ruleSet)
        try await store.keep(
            version: evaluator.version, name: ruleSet.name, document: ruleSet.canonicalJSON,
            at: time)
        state.withLock { state in
            state.current = evaluator
            state.byVersion[evaluator.version] = evaluator
        }
    }

    /// The rules that were in force under `version`.
    package func evaluator(
        ofVersion version: String
    ) async throws(StorageFailure) -> RuleEvaluator {
        let known = state.withLock {
            $0.current.version == version ? $0.current : $0.byVersion[version]
        }
        if let known { return known }
        guard let document = try await store.document(ofVersion: version) else {
            throw .notFound("rule set version \(version)")
        }
        guard let ruleSet = ReceiptRuleSet(canonicalJSON: document) else {
            throw .damaged("rule set version \(version)")
        }
        let evaluator = RuleEvaluator(ruleSet: ruleSet)
        state.withLock { $0.byVersion[version] = evaluator }
        return evaluator
    }
}
