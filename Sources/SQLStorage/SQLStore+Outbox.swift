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
                    next_ms, last_error, topic)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (message, subscriber) DO NOTHING
                """,
                [
                    .text(message.id), .text(delivery.subscriber),
                    .text(delivery.state.rawValue), .integer(Int64(delivery.attempts)),
                    .integer(delivery.firstAttemptAt.milliseconds),
                    .integer(delivery.nextAttemptAt.milliseconds), .text(delivery.lastError),
                    .text(message.topic),
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
        let (found, unreadable) = try await database.read { connection throws(StorageFailure) in
            var found: [TopicDelivery] = []
            var unreadable: [UnreadableDelivery] = []
            for row in try connection.rows("\(Self.deliverySelection) \(rest)", values) {
                if let delivery = Self.delivery(row) {
                    found.append(delivery)
                } else if let message = row.text(0), let subscriber = row.text(5) {
                    unreadable.append(UnreadableDelivery(message: message, subscriber: subscriber))
                }
            }
            return (found, unreadable)
        }
        try await setAside(unreadable)
        return found
    }

    private struct UnreadableDelivery: Sendable {
        var message: String
        var subscriber: String
    }

    /// As damaged mails are: nobody else's message waits for them. They go with the dead ones that
    /// are tried for the last time now.
    private func setAside(_ unreadable: [UnreadableDelivery]) async throws(StorageFailure) {
        guard !unreadable.isEmpty else { return }
        let now = time.now().milliseconds
        let changed = try await write { connection throws(StorageFailure) in
            var changed: [UnreadableDelivery] = []
            for row in unreadable {
                let count = try connection.execute(
                    """
                    UPDATE topic_delivery SET state = 'damaged', next_ms = $1
                    WHERE message = $2 AND subscriber = $3 AND state <> 'damaged'
                    """, [.integer(now), .text(row.message), .text(row.subscriber)])
                if count > 0 { changed.append(row) }
            }
            return changed
        }
        for row in changed { onUnreadableMessage(row.message, row.subscriber) }
    }

    package func setLostAside(limit: Int) async throws(StorageFailure) {
        let lost = try await database.read { connection throws(StorageFailure) in
            // What is no number sorts behind every number.
            try connection.rows(
                """
                SELECT message, subscriber FROM topic_delivery
                WHERE state NOT IN ('waiting', 'held', 'dead', 'damaged') OR next_ms > $1 LIMIT $2
                """, [.integer(Self.timesMax.upperBound), .integer(Int64(limit))]
            ).compactMap { row -> UnreadableDelivery? in
                guard let message = row.text(0), let subscriber = row.text(1) else { return nil }
                return UnreadableDelivery(message: message, subscriber: subscriber)
            }
        }
        try await setAside(lost)
    }

    /// Beyond it a count of tries is damage.
    private static let attemptsMax: Int64 = 1_000_000

    /// Nil where something in it is none, or beyond what can be.
    private static func delivery(_ row: any SQLRow) -> TopicDelivery? {
        guard let id = row.text(0), let topic = row.text(1), let message = row.text(3),
            let created = row.integer(4), let subscriber = row.text(5),
            let state = row.text(6).flatMap(TopicDelivery.State.init(rawValue:)),
            let attempts = row.integer(7), let first = row.integer(8), let next = row.integer(9),
            let kind = row.text(11).flatMap(TopicMessage.Kind.init(rawValue:)),
            [created, first, next].allSatisfy(timesMax.contains),
            (0...attemptsMax).contains(attempts)
        else { return nil }
        return TopicDelivery(
            message: TopicMessage(
                id: id, kind: kind, topic: topic, subject: row.text(2), message: message,
                createdAt: Timestamp(milliseconds: created)),
            subscriber: subscriber, state: state, attempts: Int(attempts),
            firstAttemptAt: Timestamp(milliseconds: first),
            nextAttemptAt: Timestamp(milliseconds: next), lastError: row.text(10))
    }

    package func expireDead(
        before time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> Int {
        var count = 0
        for state in [TopicDelivery.State.dead, .damaged] where count < limit {
            let (state, left) = (SQLValue.text(state.rawValue), Int64(limit - count))
            count += try await write(isUrgent: false) { connection throws(StorageFailure) in
                try Self.removeDeliveries(
                    "state = $1 AND next_ms < $2 ORDER BY next_ms LIMIT $3",
                    [state, .integer(time.milliseconds), .integer(left)], connection)
            }
        }
        return count
    }

    /// Removes the deliveries for which `condition` holds; says how many.
    static func removeDeliveries(
        _ condition: String, _ values: [SQLValue], _ connection: any SQLConnection
    ) throws(StorageFailure) -> Int {
        let found = try connection.rows(
            "SELECT message, subscriber FROM topic_delivery WHERE \(condition)", values)
        var count = 0
        for row in found {
            count += try remove(
                message: row.text(0) ?? "", from: row.text(1) ?? "", connection)
        }
        return count
    }

    /// The delivery, and the message with its last one.
    @discardableResult
    private static func remove(
        message: String, from subscriber: String, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Int {
        let count = try connection.execute(
            "DELETE FROM topic_delivery WHERE message = $1 AND subscriber = $2",
            [.text(message), .text(subscriber)])
        try connection.execute(
            """
            DELETE FROM topic_message WHERE id = $1
            AND NOT EXISTS (SELECT 1 FROM topic_delivery WHERE message = $2)
            """, [.text(message), .text(message)])
        return count
    }

    package func messageCounts() async throws(StorageFailure) -> MessageCounts {
        try await database.read { connection throws(StorageFailure) in
            var counts = MessageCounts(waiting: 0, dead: 0)
            for row in try connection.rows(
                "SELECT state, COUNT(*) FROM topic_delivery GROUP BY state", [])
            {
                let count = Int(row.integer(1) ?? 0)
                switch row.text(0).flatMap(TopicDelivery.State.init(rawValue:)) {
                case .waiting, .held: counts.waiting += count
                case .dead: counts.dead += count
                case .damaged, nil: counts.damaged += count
                }
            }
            return counts
        }
    }

    package func settle(
        delivered: [TopicDelivery], updated: [TopicDelivery]
    ) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            for delivery in delivered {
                try Self.remove(
                    message: delivery.message.id, from: delivery.subscriber, connection)
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
