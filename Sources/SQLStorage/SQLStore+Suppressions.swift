import MailModel
package import Storage

extension SQLStore: SuppressionStore {
    private static let suppressionColumns =
        "scope, address, reason, changed_ms, mail, feedback, evidence"
    /// No account is called so.
    private static let globalScope = "*"

    package func suppressions(
        of addresses: [String], account: AccountID
    ) throws(StorageFailure) -> [String: SuppressionRecord] {
        try database.readHere { connection throws(StorageFailure) in
            var found: [String: SuppressionRecord] = [:]
            for address in addresses {
                found[address] = try suppression(of: address, account, connection)
            }
            return found
        }
    }

    /// What stands against sending to `mailbox`, on either list.
    func suppression(
        of mailbox: Mailbox, _ account: AccountID, _ connection: any SQLConnection
    ) throws(StorageFailure) -> SuppressionRecord? {
        try suppression(of: SuppressionRecord.address(mailbox), account, connection)
    }

    private func suppression(
        of address: String, _ account: AccountID, _ connection: any SQLConnection
    ) throws(StorageFailure) -> SuppressionRecord? {
        // In one question: every recipient of every mail is asked about.
        let rows = try connection.rows(
            """
            SELECT \(Self.suppressionColumns) FROM suppression
            WHERE scope IN ($1, $2) AND address = $3
            """,
            [.text(Self.globalScope), .text(Self.text(.account(account))), .text(address)])
        var nearest: SuppressionRecord?
        for record in rows.compactMap(suppressionRecord)
        where nearest == nil || record.scope == .global {
            nearest = record
        }
        return nearest
    }

    package func suppression(
        _ address: String, in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> SuppressionRecord? {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT \(Self.suppressionColumns) FROM suppression
                WHERE scope = $1 AND address = $2
                """, [.text(Self.text(scope)), .text(address)]
            ).first.flatMap(self.suppressionRecord)
        }
    }

    package func put(_ suppressions: [SuppressionRecord]) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try Self.put(suppressions, connection, keepsComplaints: false)
        }
    }

    /// `keepsComplaints`: a bounce changes nothing of an address that has complained.
    static func put(
        _ suppressions: [SuppressionRecord], _ connection: any SQLConnection, keepsComplaints: Bool
    ) throws(StorageFailure) {
        for suppression in suppressions {
            try connection.execute(
                """
                INSERT INTO suppression (\(suppressionColumns))
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (scope, address) DO UPDATE SET
                    reason = excluded.reason, changed_ms = excluded.changed_ms,
                    mail = excluded.mail, feedback = excluded.feedback,
                    evidence = excluded.evidence
                WHERE $8 = 0 OR suppression.reason <> 'COMPLAINT'
                    OR excluded.reason = 'COMPLAINT'
                """,
                [
                    .text(text(suppression.scope)), .text(suppression.address),
                    .text(suppression.reason.rawValue),
                    .integer(suppression.changedAt.milliseconds),
                    .text(suppression.messageID?.text), .text(suppression.feedbackID),
                    .text(suppression.evidence), .flag(keepsComplaints),
                ])
        }
    }

    package func removeSuppressions(
        of addresses: [String], in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            var count = 0
            for address in addresses {
                count += try connection.execute(
                    "DELETE FROM suppression WHERE scope = $1 AND address = $2",
                    [.text(Self.text(scope)), .text(address)])
            }
            return count
        }
    }

    package func list(
        _ filter: SuppressionFilter, in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> [SuppressionRecord] {
        try await database.read { connection throws(StorageFailure) in
            var values: [SQLValue] = [.text(Self.text(scope))]
            var clauses = ["scope = $1"]
            func add(_ clause: String, _ value: SQLValue) {
                values.append(value)
                clauses.append("\(clause) $\(values.count)")
            }
            if let after = filter.after { add("address >", .text(after)) }
            if let since = filter.since { add("changed_ms >=", .integer(since.milliseconds)) }
            if let until = filter.until { add("changed_ms <=", .integer(until.milliseconds)) }
            if filter.reasons.count == 1, let reason = filter.reasons.first {
                add("reason =", .text(reason.rawValue))
            }
            values.append(.integer(Int64(filter.limit)))
            return try connection.rows(
                """
                SELECT \(Self.suppressionColumns) FROM suppression
                WHERE \(clauses.joined(separator: " AND "))
                ORDER BY address LIMIT $\(values.count)
                """, values
            ).compactMap(self.suppressionRecord)
        }
    }

    private static func text(_ scope: SuppressionRecord.Scope) -> String {
        switch scope {
        case .account(let account): account.text
        case .global: globalScope
        }
    }

    /// One whose row cannot be read holds up nobody else and is not sent to: whoever may have said no
    /// has said so.
    private func suppressionRecord(_ row: any SQLRow) -> SuppressionRecord? {
        guard let name = row.text(0), let address = row.text(1) else { return nil }
        let scope: SuppressionRecord.Scope =
            name == Self.globalScope ? .global : .account(AccountID(name))
        guard let reason = row.text(2).flatMap(SuppressionRecord.Reason.init(rawValue:)),
            let changed = row.integer(3), Self.timesMax.contains(changed)
        else {
            onUnreadableSuppression(address)
            return SuppressionRecord(
                scope: scope, address: address, reason: .complaint,
                changedAt: Timestamp(milliseconds: 0), evidence: "its row cannot be read")
        }
        return SuppressionRecord(
            scope: scope, address: address, reason: reason,
            changedAt: Timestamp(milliseconds: changed),
            messageID: row.text(4).flatMap { MessageID($0) }, feedbackID: row.text(5),
            evidence: row.text(6))
    }
}
