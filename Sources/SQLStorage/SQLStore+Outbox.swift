package import MailModel
package import Storage

extension SQLStore: OutboxStore {
    static func insert(
        _ deliveries: [TopicDelivery], _ connection: any SQLConnection
    ) throws(StorageFailure) {
        for delivery in deliveries {
            let message = delivery.message
            try connection.execute(
                """
                INSERT INTO topic_message (id, topic, subject, message, created_ms, kind)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
                """,
                [
                    .text(message.id), .text(message.topic), .text(message.subject),
                    .text(message.message), .integer(message.createdAt.milliseconds),
                    .text(message.kind.rawValue),
                ])
            try connection.execute(
                """
                INSERT INTO topic_delivery (message, subscriber, state, attempts, first_ms,
                    next_ms, last_error)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (message, subscriber) DO NOTHING
                """,
                [
                    .text(message.id), .text(delivery.subscriber),
                    .text(delivery.state.rawValue), .integer(Int64(delivery.attempts)),
                    .integer(delivery.firstAttemptAt.milliseconds),
                    .integer(delivery.nextAttemptAt.milliseconds), .text(delivery.lastError),
                ])
        }
    }

    package func publish(_ deliveries: [TopicDelivery]) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try Self.insert(deliveries, connection)
        }
    }

    private static let deliverySelection = """
        SELECT m.id, m.topic, m.subject, m.message, m.created_ms, d.subscriber, d.state,
            d.attempts, d.first_ms, d.next_ms, d.last_error, m.kind
        FROM topic_delivery d JOIN topic_message m ON m.id = d.message
        """

    package func dueDeliveries(
        at time: Timestamp, limit: Int, excluding busy: Set<SubscriberKey>
    ) async throws(StorageFailure) -> [TopicDelivery] {
        var values: [SQLValue] = [.integer(time.milliseconds)]
        var condition = "d.state = 'waiting' AND d.next_ms <= $1"
        for key in busy {
            let (topic, subscriber) = (values.count + 1, values.count + 2)
            condition += " AND NOT (m.topic = $\(topic) AND d.subscriber = $\(subscriber))"
            values += [.text(key.topic), .text(key.subscriber)]
        }
        values.append(.integer(Int64(limit)))
        return try await deliveries(
            "WHERE \(condition) ORDER BY d.next_ms, m.created_ms, m.sequence LIMIT $\(values.count)",
            values)
    }

    package func deadDeliveries(limit: Int) async throws(StorageFailure) -> [TopicDelivery] {
        try await deliveries(
            "WHERE d.state = 'dead' ORDER BY d.next_ms, m.created_ms, m.sequence LIMIT $1",
            [.integer(Int64(limit))])
    }

    private func deliveries(
        _ rest: String, _ values: [SQLValue]
    ) async throws(StorageFailure) -> [TopicDelivery] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows("\(Self.deliverySelection) \(rest)", values).map {
                row throws(StorageFailure) in try Self.delivery(row)
            }
        }
    }

    private static func delivery(_ row: any SQLRow) throws(StorageFailure) -> TopicDelivery {
        guard let id = row.text(0), let topic = row.text(1), let message = row.text(3),
            let created = row.integer(4), let subscriber = row.text(5),
            let state = row.text(6).flatMap(TopicDelivery.State.init(rawValue:)),
            let attempts = row.integer(7), let first = row.integer(8), let next = row.integer(9),
            let kind = row.text(11).flatMap(TopicMessage.Kind.init(rawValue:))
        else { throw .damaged("a message in the outbox") }
        return TopicDelivery(
            message: TopicMessage(
                id: id, kind: kind, topic: topic, subject: row.text(2), message: message,
                createdAt: Timestamp(milliseconds: created)),
            subscriber: subscriber, state: state, attempts: Int(attempts),
            firstAttemptAt: Timestamp(milliseconds: first),
            nextAttemptAt: Timestamp(milliseconds: next), lastError: row.text(10))
    }

    package func expireDead(before time: Timestamp) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            let count = try connection.execute(
                "DELETE FROM topic_delivery WHERE state = 'dead' AND next_ms < $1",
                [.integer(time.milliseconds)])
            guard count > 0 else { return 0 }
            try connection.execute(
                """
                DELETE FROM topic_message WHERE created_ms < $1 AND NOT EXISTS
                    (SELECT 1 FROM topic_delivery WHERE message = topic_message.id)
                """, [.integer(time.milliseconds)])
            return count
        }
    }

    package func messageCounts() async throws(StorageFailure) -> MessageCounts {
        try await database.read { connection throws(StorageFailure) in
            func count(_ state: TopicDelivery.State) throws(StorageFailure) -> Int {
                let rows = try connection.rows(
                    "SELECT COUNT(*) FROM topic_delivery WHERE state = $1", [.text(state.rawValue)])
                return Int(rows.first?.integer(0) ?? 0)
            }
            return MessageCounts(
                waiting: try count(.waiting) + count(.held), dead: try count(.dead))
        }
    }

    package func settle(
        delivered: [TopicDelivery], updated: [TopicDelivery]
    ) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            for delivery in delivered {
                let id = SQLValue.text(delivery.message.id)
                try connection.execute(
                    "DELETE FROM topic_delivery WHERE message = $1 AND subscriber = $2",
                    [id, .text(delivery.subscriber)])
                try connection.execute(
                    """
                    DELETE FROM topic_message WHERE id = $1
                    AND NOT EXISTS (SELECT 1 FROM topic_delivery WHERE message = $2)
                    """, [id, id])
            }
            for delivery in updated {
                try connection.execute(
                    """
                    UPDATE topic_delivery SET state = $1, attempts = $2, next_ms = $3,
                        last_error = $4
                    WHERE message = $5 AND subscriber = $6
                    """,
                    [
                        .text(delivery.state.rawValue), .integer(Int64(delivery.attempts)),
                        .integer(delivery.nextAttemptAt.milliseconds),
                        .text(delivery.lastError), .text(delivery.message.id),
                        .text(delivery.subscriber),
                    ])
            }
        }
    }

    package func resend(message: String, now: Timestamp) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE topic_delivery SET state = 'waiting', attempts = 0, first_ms = $1,
                    next_ms = $2
                WHERE message = $3 AND state = 'dead'
                """,
                [.integer(now.milliseconds), .integer(now.milliseconds), .text(message)])
        }
    }
}
