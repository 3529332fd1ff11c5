package import Storage

extension SQLStore: RuleSetStore {
    private static let activeRuleSetSetting = "active-rule-set"

    package func activeRuleSet(
        of account: AccountID
    ) async throws(StorageFailure) -> ActiveRuleSet? {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT value FROM setting WHERE account = $1 AND name = $2",
                [.text(account.text), .text(Self.activeRuleSetSetting)]
            ).first?.text(0).map { $0.isEmpty ? .noSet : .named($0) }
        }
    }

    /// No rule set has an empty name, so that stands for `noSet` in the row.
    package func setActiveRuleSet(
        _ active: ActiveRuleSet, of account: AccountID
    ) async throws(StorageFailure) {
        let value = if case .named(let name) = active { name } else { "" }
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                INSERT INTO setting (account, name, value) VALUES ($1, $2, $3)
                ON CONFLICT (account, name) DO UPDATE SET value = excluded.value
                """,
                [.text(account.text), .text(Self.activeRuleSetSetting), .text(value)])
        }
    }
}
