import MailModel
package import Storage
import Synchronization

/// How sent mails are taken; what becomes of them stands in the files beside this.
extension SQLStore: SendingStore {
    package func accept(
        _ sending: AcceptedSending,
        completion: @escaping @Sendable (Result<SendingAnswer, StorageFailure>) -> Void
    ) {
        let answer = Answer<SendingAnswer>()
        writer.submit(
            GroupCommit.Unit(
                needsDirectorySync: sending.mail.bodyPlace == .file, isUrgent: true,
                work: { connection throws(StorageFailure) in
                    let repeated = try Self.earlier(sending, connection)
                    answer.value.withLock {
                        $0 = repeated ?? .accepted(sending.mail.id)
                    }
                    if repeated == nil { try Self.insert(sending, connection) }
                },
                completion: { result in
                    completion(
                        result.map {
                            answer.value.withLock { $0 } ?? .accepted(sending.mail.id)
                        })
                }))
    }

    /// What is answered where a mail was taken under the same idempotency key; nil where this is the
    /// first. The same mail has the same envelope, as long a body, and the digest of the first where
    /// both have one.
    private static func earlier(
        _ sending: AcceptedSending, _ connection: any SQLConnection
    ) throws(StorageFailure) -> SendingAnswer? {
        guard let key = sending.idempotencyKey else { return nil }
        // The column dates a key of the usual time: one that is kept longer is dated later.
        let madeAt = sending.mail.acceptedAt.advanced(
            bySeconds: sending.keyKeptSeconds - AcceptedSending.keyKeptSecondsUsual)
        let inserted = try connection.execute(
            """
            INSERT INTO idempotency (account, name, mail, created_ms) VALUES ($1, $2, $3, $4)
            ON CONFLICT (account, name) DO NOTHING
            """,
            [
                .text(sending.mail.account.text), .text(key), .text(sending.mail.id.text),
                .integer(madeAt.milliseconds),
            ])
        guard inserted == 0 else { return nil }
        let rows = try connection.rows(
            "SELECT mail FROM idempotency WHERE account = $1 AND name = $2",
            [.text(sending.mail.account.text), .text(key)])
        guard let id = rows.first?.text(0).flatMap({ MessageID($0) }) else {
            throw .damaged("the idempotency key \(key)")
        }
        // Its records may be gone before the key is.
        let same = try connection.rows(
            "SELECT sender, body_length, facts FROM sent_mail WHERE id = $1", [.text(id.text)])
        guard let mail = same.first else { return .repeated(id) }
        let recipients = try connection.rows(
            "SELECT address FROM sent_recipient WHERE mail = $1 ORDER BY position",
            [.text(id.text)])
        let facts: SendingFacts? = mail.text(2).flatMap(value)
        let digest = sending.mail.facts.submittedDigest
        let isSame =
            (digest ?? facts?.submittedDigest) == (facts?.submittedDigest ?? digest)
            && mail.text(0) == sending.mail.sender.wireText
            && mail.integer(1) == Int64(sending.mail.bodyLength)
            && recipients.map { $0.text(0) } == sending.recipients.map(\.address.wireText)
        return isSame ? .repeated(id) : .conflicting(id)
    }

    static func insert(
        _ sending: AcceptedSending, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try insert(sending.mail, connection)
        if let body = sending.body {
            try connection.execute(
                "INSERT INTO mail_body (mail, bytes) VALUES ($1, $2)",
                [.text(sending.mail.bodyID.text), .blob(body)])
        }
        var dueAt: [String: Timestamp] = [:]
        for recipient in sending.recipients {
            try insert(recipient, connection)
            guard recipient.state == .queued else { continue }
            let due = dueAt[recipient.destination].map { min($0, recipient.dueAt) }
            dueAt[recipient.destination] = due ?? recipient.dueAt
        }
        for (destination, due) in dueAt { try expect(destination, due, connection) }
        try insert(sending.deliveries, connection)
        for report in sending.reports { try insert(report, connection) }
    }

    private static let sentInsertion = """
        INSERT INTO sent_mail (\(sentColumns))
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """

    private static func insert(
        _ mail: SentMailRecord, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            sentInsertion,
            [
                .text(mail.id.text), .text(mail.bodyID.text), .text(mail.account.text),
                .integer(mail.acceptedAt.milliseconds), .text(mail.state.rawValue),
                .text(json(mail.facts)), .text(mail.sender.wireText),
                .text(mail.returnDomain.ascii), .text(mail.bodyPlace.rawValue),
                .integer(Int64(mail.bodyLength)), .integer(Int64(mail.checksum)),
                .flag(mail.is8Bit), .flag(mail.isSMTPUTF8), .text(mail.tls.rawValue),
                .text(mail.pool), .blob(mail.head),
            ])
    }

    private static func insert(
        _ recipient: SentRecipient, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO sent_recipient (\(recipientColumns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .text(recipient.key.mail.text), .integer(Int64(recipient.key.position)),
                .text(recipient.address.wireText), .text(recipient.destination),
                .text(recipient.state.rawValue), .integer(recipient.dueAt.milliseconds),
                .integer(recipient.expiresAt.milliseconds), .integer(Int64(recipient.attempts)),
                .integer(recipient.lastAttemptAt?.milliseconds), .text(recipient.detail),
                .text(notification(of: recipient)),
            ])
    }

    /// Somebody waits for `destination` from `due` on; its rest stays what it is.
    static func expect(
        _ destination: String, _ due: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO destination (name, due_ms, failures) VALUES ($1, $2, 0)
            ON CONFLICT (name) DO UPDATE SET due_ms = CASE
                WHEN destination.rests_ms IS NOT NULL AND destination.rests_ms > excluded.due_ms
                    THEN destination.due_ms
                WHEN destination.due_ms < excluded.due_ms THEN destination.due_ms
                ELSE excluded.due_ms END
            """, [.text(destination), .integer(due.milliseconds)])
    }
}
