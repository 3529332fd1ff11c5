package import MailModel
package import Storage

extension SQLStore: SubscriptionStore {
    package func subscriptions() async throws(StorageFailure) -> [SubscriptionRecord] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT topic, subscriber, url, id, state, token, token_expires_ms, changed_ms
                FROM topic_subscription ORDER BY topic, subscriber
                """, []
            ).map { row throws(StorageFailure) in try Self.subscription(row) }
        }
    }

    private static func subscription(
        _ row: any SQLRow
    ) throws(StorageFailure) -> SubscriptionRecord {
        guard let topic = row.text(0), let subscriber = row.text(1), let url = row.text(2),
            let id = row.text(3),
            let state = row.text(4).flatMap(SubscriptionRecord.State.init(rawValue:)),
            let token = row.text(5), let expires = row.integer(6), let changed = row.integer(7)
        else { throw .damaged("a subscription") }
        return SubscriptionRecord(
            key: SubscriberKey(topic: topic, subscriber: subscriber), url: url, id: id,
            state: state, token: token, tokenExpiresAt: Timestamp(milliseconds: expires),
            changedAt: Timestamp(milliseconds: changed))
    }

    package func put(
        _ record: SubscriptionRecord, publishing delivery: TopicDelivery?
    ) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                INSERT INTO topic_subscription (topic, subscriber, url, id, state, token,
                    token_expires_ms, changed_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (topic, subscriber) DO UPDATE SET url = excluded.url,
                    id = excluded.id, state = excluded.state, token = excluded.token,
                    token_expires_ms = excluded.token_expires_ms,
                    changed_ms = excluded.changed_ms
                """,
                [
                    .text(record.key.topic), .text(record.key.subscriber), .text(record.url),
                    .text(record.id), .text(record.state.rawValue), .text(record.token),
                    .integer(record.tokenExpiresAt.milliseconds),
                    .integer(record.changedAt.milliseconds),
                ])
            if let delivery { try Self.insert([delivery], connection) }
            if record.state == .confirmed {
                try Self.release(record.key, at: record.changedAt, connection)
            }
        }
    }

    private static func release(
        _ key: SubscriberKey, at time: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            UPDATE topic_delivery SET state = 'waiting', first_ms = $1, next_ms = $2
            WHERE state = 'held' AND subscriber = $3
                AND message IN (SELECT id FROM topic_message WHERE topic = $4)
            """,
            [
                .integer(time.milliseconds), .integer(time.milliseconds), .text(key.subscriber),
                .text(key.topic),
            ])
    }

    package func removeSubscription(_ key: SubscriberKey) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                "DELETE FROM topic_subscription WHERE topic = $1 AND subscriber = $2",
                [.text(key.topic), .text(key.subscriber)])
        }
    }

    /// It looks at the subscription in the same transaction: one that was confirmed meanwhile would
    /// release nothing any more.
    package func hold(
        _ key: SubscriberKey, messages ids: [String], seconds: Int64
    ) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            for id in ids {
                try connection.execute(
                    """
                    UPDATE topic_delivery SET state = 'held', next_ms = first_ms + $1
                    WHERE message = $2 AND subscriber = $3 AND state = 'waiting'
                        AND EXISTS (SELECT 1 FROM topic_subscription WHERE topic = $4
                            AND subscriber = $5 AND state = 'pending')
                    """,
                    [
                        .integer(seconds * 1_000), .text(id), .text(key.subscriber),
                        .text(key.topic), .text(key.subscriber),
                    ])
            }
        }
    }

    package func giveUpHeld(at time: Timestamp) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE topic_delivery SET state = 'dead', last_error = $1
                WHERE state = 'held' AND next_ms <= $2
                """,
                [
                    .text("its endpoint did not confirm the subscription in time"),
                    .integer(time.milliseconds),
                ])
        }
    }
}
