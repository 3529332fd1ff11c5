package import MailModel
package import Storage

extension SQLStore: SubscriptionStore {
    // MARK: Records

    private static let subscriptionColumns = """
        topic, subscriber, url, id, state, token, token_expires_ms, changed_ms
        """

    package func subscriptions(
        of account: AccountID
    ) async throws(StorageFailure) -> StoredSubscriptions {
        try await database.read { connection throws(StorageFailure) in
            var stored = StoredSubscriptions()
            for row in try connection.rows(
                """
                SELECT \(Self.subscriptionColumns) FROM topic_subscription WHERE account = $1
                ORDER BY topic, subscriber
                """, [.text(account.text)])
            {
                if let record = Self.subscription(row, of: account) {
                    stored.records.append(record)
                } else if let key = Self.key(row) {
                    stored.damaged.append(key)
                }
            }
            return stored
        }
    }

    /// Nil where something in it is none.
    private static func subscription(
        _ row: any SQLRow, of account: AccountID
    ) -> SubscriptionRecord? {
        guard let key = key(row), let url = row.text(2), let id = row.text(3),
            let state = row.text(4).flatMap(SubscriptionRecord.State.init(rawValue:)),
            let token = row.text(5), let expires = row.integer(6), let changed = row.integer(7),
            timesMax.contains(expires), timesMax.contains(changed)
        else { return nil }
        return SubscriptionRecord(
            account: account, key: key, url: url, id: id, state: state, token: token,
            tokenExpiresAt: Timestamp(milliseconds: expires),
            changedAt: Timestamp(milliseconds: changed))
    }

    private static func key(_ row: any SQLRow) -> SubscriberKey? {
        guard let topic = row.text(0), let subscriber = row.text(1) else { return nil }
        return SubscriberKey(topic: topic, subscriber: subscriber)
    }

    package func replace(
        _ known: SubscriptionRecord?, with record: SubscriptionRecord,
        publishing delivery: TopicDelivery?
    ) async throws(StorageFailure) -> Bool {
        try await replace(with: record, publishing: delivery) { $0 == known }
    }

    package func replaceDamaged(
        with record: SubscriptionRecord, publishing delivery: TopicDelivery?
    ) async throws(StorageFailure) -> Bool {
        // Whoever was quicker has left one that can be read.
        try await replace(with: record, publishing: delivery) { $0 == nil }
    }

    /// Writes where what is kept (nil: nothing that can be read) is as it is `expected`.
    private func replace(
        with record: SubscriptionRecord, publishing delivery: TopicDelivery?,
        where isExpected: @escaping @Sendable (SubscriptionRecord?) -> Bool
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            // One writer: what is read here is what is written over.
            let kept = try connection.rows(
                """
                SELECT \(Self.subscriptionColumns) FROM topic_subscription
                WHERE account = $1 AND topic = $2 AND subscriber = $3
                """,
                [
                    .text(record.account.text), .text(record.key.topic),
                    .text(record.key.subscriber),
                ]
            ).first.flatMap { Self.subscription($0, of: record.account) }
            guard isExpected(kept) else { return false }
            try Self.write(record, connection)
            if let delivery { try Self.insert([delivery], connection) }
            return true
        }
    }

    private static func write(
        _ record: SubscriptionRecord, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO topic_subscription (\(subscriptionColumns), account)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (account, topic, subscriber) DO UPDATE SET url = excluded.url,
                id = excluded.id, state = excluded.state, token = excluded.token,
                token_expires_ms = excluded.token_expires_ms,
                changed_ms = excluded.changed_ms
            """,
            [
                .text(record.key.topic), .text(record.key.subscriber), .text(record.url),
                .text(record.id), .text(record.state.rawValue), .text(record.token),
                .integer(record.tokenExpiresAt.milliseconds),
                .integer(record.changedAt.milliseconds), .text(record.account.text),
            ])
    }

    package func removeSubscription(
        _ key: SubscriberKey, of account: AccountID
    ) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                DELETE FROM topic_subscription
                WHERE account = $1 AND topic = $2 AND subscriber = $3
                """, [.text(account.text), .text(key.topic), .text(key.subscriber)])
        }
    }

    // MARK: Held messages

    /// Whether a subscription is in a state: asked in the transaction of what it decides, since it
    /// may have been changed meanwhile.
    private static func isSubscription(
        _ key: SubscriberKey, _ state: SubscriptionRecord.State, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        try !connection.rows(
            """
            SELECT 1 FROM topic_subscription WHERE topic = $1 AND subscriber = $2 AND state = $3
            """, [.text(key.topic), .text(key.subscriber), .text(state.rawValue)]
        ).isEmpty
    }

    package func hold(
        _ key: SubscriberKey, messages ids: [String], seconds: Int64
    ) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            guard try Self.isSubscription(key, .pending, connection) else { return }
            for id in ids {
                try connection.execute(
                    """
                    UPDATE topic_delivery SET state = 'held', next_ms = first_ms + $1
                    WHERE message = $2 AND subscriber = $3 AND state = 'waiting'
                    """, [.integer(seconds * 1_000), .text(id), .text(key.subscriber)])
            }
        }
    }

    private static let heldOfKey = """
        state = 'held' AND topic = $1 AND subscriber = $2 ORDER BY next_ms LIMIT $3
        """

    package func releaseHeld(
        _ key: SubscriberKey, at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> Int {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            guard try Self.isSubscription(key, .confirmed, connection) else { return 0 }
            return try Self.update(
                "state = 'waiting', attempts = 0, first_ms = $1, next_ms = $2, last_error = NULL",
                [.integer(time.milliseconds), .integer(time.milliseconds)],
                of: Self.heldOfKey,
                [.text(key.topic), .text(key.subscriber), .integer(Int64(limit))], connection)
        }
    }

    package func dropHeld(
        _ key: SubscriberKey, limit: Int
    ) async throws(StorageFailure) -> Int {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            guard try Self.isSubscription(key, .unsubscribed, connection) else { return 0 }
            return try Self.removeDeliveries(
                Self.heldOfKey,
                [.text(key.topic), .text(key.subscriber), .integer(Int64(limit))], connection)
        }
    }

    package func giveUpHeld(
        at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> Int {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            try Self.update(
                "state = 'dead', last_error = $1",
                [.text("its endpoint did not confirm the subscription in time")],
                of: "state = 'held' AND next_ms <= $1 ORDER BY next_ms LIMIT $2",
                [.integer(time.milliseconds), .integer(Int64(limit))], connection)
        }
    }

    /// Each of the deliveries for which `condition` holds, by its key: an index finds them, and
    /// none is passed over.
    private static func update(
        _ changes: String, _ values: [SQLValue], of condition: String, _ chosen: [SQLValue],
        _ connection: any SQLConnection
    ) throws(StorageFailure) -> Int {
        let found = try connection.rows(
            "SELECT message, subscriber FROM topic_delivery WHERE \(condition)", chosen)
        let next = values.count + 1
        var count = 0
        for row in found {
            count += try connection.execute(
                """
                UPDATE topic_delivery SET \(changes)
                WHERE message = $\(next) AND subscriber = $\(next + 1)
                """, values + [.text(row.text(0)), .text(row.text(1))])
        }
        return count
    }
}
