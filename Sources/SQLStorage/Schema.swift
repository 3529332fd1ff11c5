import Storage

/// The tables, by version: each migration runs once, in order, in one transaction with its number.
enum Schema {
    static func migrations(_ dialect: SQLDialect) -> [[String]] {
        [
            first(dialect), names, subscriptions, heldMessages, verdicts, waiting, sending(dialect),
            published(dialect), indices, replays,
            recipients(dialect), ruleSetVersions, replayObjects,
        ]
    }

    /// From which object a mail was run again.
    private static let replayObjects = ["ALTER TABLE mail ADD COLUMN replay_object TEXT"]

    /// An action may be one recipient's, and one that a handler asked for. A key has no NULL: nobody's
    /// is `''`, a rule's own is 0. What a handler's answer asked for stands with its `invoke`, as JSON.
    private static func recipients(_ dialect: SQLDialect) -> [String] {
        [
            "ALTER TABLE action RENAME TO action_10",
            """
            CREATE TABLE action (
                mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
                asked INTEGER NOT NULL, recipient TEXT NOT NULL,
                kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
                first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
                disposition TEXT NOT NULL, detail TEXT NOT NULL, asks TEXT,
                PRIMARY KEY (mail, rule, position, asked, recipient)) \(dialect.clusteredSuffix)
            """,
            """
            INSERT INTO action (mail, rule, position, asked, recipient, kind, state, attempts,
                first_ms, last_ms, next_ms, disposition, detail)
            SELECT mail, rule, position, 0, '', kind, state, attempts, first_ms, last_ms, next_ms,
                disposition, detail
            FROM action_10
            """,
            // With its index.
            "DROP TABLE action_10",
            "CREATE INDEX action_open ON action (state, mail) WHERE state <> 'done'",
        ]
    }

    /// When a version of a rule set came into force last, why, and what it was read from.
    private static let ruleSetVersions = [
        "ALTER TABLE rule_set_version ADD COLUMN used_ms BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE rule_set_version ADD COLUMN cause TEXT",
        "ALTER TABLE rule_set_version ADD COLUMN source TEXT",
        "UPDATE rule_set_version SET used_ms = kept_ms",
    ]

    /// Past mails that are run again: who asked for what, and which rows came of it.
    private static let replays = [
        """
        CREATE TABLE replay (
            number INTEGER PRIMARY KEY NOT NULL, accepted_ms BIGINT NOT NULL, ended_ms BIGINT,
            is_cancelled INTEGER NOT NULL, wish TEXT NOT NULL, progress TEXT NOT NULL)
        """,
        "ALTER TABLE mail ADD COLUMN replay INTEGER",
        "ALTER TABLE mail ADD COLUMN replay_of TEXT",
        "ALTER TABLE mail ADD COLUMN message_id TEXT",
        "ALTER TABLE mail ADD COLUMN replay_sends INTEGER",
        "CREATE INDEX mail_replay ON mail (replay_of) WHERE replay_of IS NOT NULL",
    ]

    /// What has run out is found without a look at the rest, and so is a body file by whether its mail
    /// has ended.
    private static let indices = [
        "CREATE INDEX idempotency_created ON idempotency (created_ms)",
        "DROP INDEX sent_mail_file",
        "CREATE INDEX sent_mail_file ON sent_mail (state, body) WHERE body_place = 'file'",
    ]

    /// What we have put into the service domain's zone, an identity's configuration set, whether TLS
    /// is required all the way of a mail, and how connections to exchangers were secured by day.
    private static func published(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE zone_record (
                name TEXT NOT NULL, type INTEGER NOT NULL, data \(dialect.blobType) NOT NULL,
                PRIMARY KEY (name, type, data)) \(dialect.clusteredSuffix)
            """,
            "ALTER TABLE sending_identity ADD COLUMN configuration_set TEXT",
            "ALTER TABLE mail ADD COLUMN requires_tls INTEGER",
            """
            CREATE TABLE tls_result (
                day BIGINT NOT NULL, domain TEXT NOT NULL, policy TEXT NOT NULL,
                host TEXT NOT NULL, failure TEXT NOT NULL, sessions BIGINT NOT NULL,
                PRIMARY KEY (day, domain, policy, host, failure)) \(dialect.clusteredSuffix)
            """,
        ]
    }

    /// Mails that are sent, who waits for them and where, and who is not sent to any more.
    private static func sending(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE sent_mail (
                id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL, account TEXT NOT NULL,
                accepted_ms BIGINT NOT NULL, state TEXT NOT NULL, facts TEXT NOT NULL,
                sender TEXT NOT NULL, return_domain TEXT NOT NULL, body_place TEXT NOT NULL,
                body_length BIGINT NOT NULL, checksum BIGINT NOT NULL, is_8bit INTEGER NOT NULL,
                is_smtputf8 INTEGER NOT NULL, tls TEXT NOT NULL, pool TEXT,
                head \(dialect.blobType) NOT NULL) \(dialect.clusteredSuffix)
            """,
            "CREATE INDEX sent_mail_file ON sent_mail (body) WHERE body_place = 'file'",
            "CREATE INDEX sent_mail_ended ON sent_mail (accepted_ms) WHERE state = 'ended'",
            """
            CREATE TABLE sent_recipient (
                mail TEXT NOT NULL, position INTEGER NOT NULL, address TEXT NOT NULL,
                destination TEXT NOT NULL, state TEXT NOT NULL, due_ms BIGINT NOT NULL,
                expires_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, last_ms BIGINT,
                detail TEXT, notification TEXT,
                PRIMARY KEY (mail, position)) \(dialect.clusteredSuffix)
            """,
            """
            CREATE INDEX sent_recipient_queued ON sent_recipient (destination, due_ms)
                WHERE state = 'queued'
            """,
            "CREATE INDEX sent_recipient_held ON sent_recipient (mail) WHERE state = 'held'",
            """
            CREATE TABLE destination (
                name TEXT PRIMARY KEY NOT NULL, due_ms BIGINT NOT NULL,
                failures INTEGER NOT NULL, rests_ms BIGINT, detail TEXT)
                \(dialect.clusteredSuffix)
            """,
            "CREATE INDEX destination_due ON destination (due_ms)",
            """
            CREATE TABLE idempotency (
                account TEXT NOT NULL, name TEXT NOT NULL, mail TEXT NOT NULL,
                created_ms BIGINT NOT NULL, PRIMARY KEY (account, name))
            """,
            """
            CREATE TABLE suppression (
                scope TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL,
                changed_ms BIGINT NOT NULL, mail TEXT, feedback TEXT, evidence TEXT,
                PRIMARY KEY (scope, address)) \(dialect.clusteredSuffix)
            """,
        ] + senders(dialect)
    }

    /// Who may send, and what the identities that send have. Secrets are sealed.
    private static func senders(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE access_key (
                id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
                state TEXT NOT NULL, secret \(dialect.blobType) NOT NULL,
                created_ms BIGINT NOT NULL, used_ms BIGINT)
            """,
            """
            CREATE TABLE sending_identity (
                account TEXT NOT NULL, name TEXT NOT NULL, dkim TEXT, mail_from TEXT,
                PRIMARY KEY (account, name))
            """,
            """
            CREATE TABLE dkim_key (
                account TEXT NOT NULL, identity TEXT NOT NULL, selector TEXT NOT NULL,
                facts TEXT NOT NULL, private_key \(dialect.blobType) NOT NULL,
                PRIMARY KEY (account, identity, selector))
            """,
        ]
    }

    /// What a mail was found to be, as JSON, and why not all of it could be found out.
    private static let verdicts = [
        "ALTER TABLE mail ADD COLUMN verdicts TEXT"
    ]

    /// What a mail waits for that is not judged yet.
    private static let waiting = [
        "ALTER TABLE mail ADD COLUMN waits_for TEXT",
        "CREATE INDEX mail_unjudged ON mail (id) WHERE waits_for IS NOT NULL",
    ]

    /// Held messages are found by their subscriber; a subscription has an account.
    private static let heldMessages = [
        "ALTER TABLE topic_delivery ADD COLUMN topic TEXT NOT NULL DEFAULT ''",
        """
        UPDATE topic_delivery SET topic =
            COALESCE((SELECT topic FROM topic_message WHERE id = topic_delivery.message), '')
        """,
        """
        CREATE INDEX topic_delivery_held ON topic_delivery (topic, subscriber, next_ms)
            WHERE state = 'held'
        """,
        "ALTER TABLE topic_subscription RENAME TO topic_subscription_3",
        """
        CREATE TABLE topic_subscription (
            account TEXT NOT NULL, topic TEXT NOT NULL, subscriber TEXT NOT NULL,
            url TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
            token_expires_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
            PRIMARY KEY (account, topic, subscriber))
        """,
        """
        INSERT INTO topic_subscription (account, topic, subscriber, url, id, state, token,
            token_expires_ms, changed_ms)
        SELECT 'main', topic, subscriber, url, id, state, token, token_expires_ms, changed_ms
        FROM topic_subscription_3
        """,
        "DROP TABLE topic_subscription_3",
    ]

    /// What endpoints have said to being subscribers.
    private static let subscriptions = [
        "ALTER TABLE topic_message ADD COLUMN kind TEXT NOT NULL DEFAULT 'Notification'",
        """
        CREATE TABLE topic_subscription (
            topic TEXT NOT NULL, subscriber TEXT NOT NULL, url TEXT NOT NULL, id TEXT NOT NULL,
            state TEXT NOT NULL, token TEXT NOT NULL, token_expires_ms BIGINT NOT NULL,
            changed_ms BIGINT NOT NULL, PRIMARY KEY (topic, subscriber))
        """,
    ]

    /// What a domain's check found and when the next is due; what the DNS calls a peer.
    private static let names = [
        "ALTER TABLE identity ADD COLUMN token TEXT",
        "ALTER TABLE identity ADD COLUMN since_ms BIGINT",
        "ALTER TABLE identity ADD COLUMN checked_ms BIGINT",
        "ALTER TABLE identity ADD COLUMN check_error TEXT",
        "ALTER TABLE identity ADD COLUMN check_detail TEXT",
        "ALTER TABLE identity ADD COLUMN check_found TEXT",
        "ALTER TABLE identity ADD COLUMN succeeded_ms BIGINT",
        "ALTER TABLE identity ADD COLUMN next_check_ms BIGINT",
        "ALTER TABLE mail ADD COLUMN peer_name_state TEXT",
        "ALTER TABLE mail ADD COLUMN peer_name TEXT",
    ]

    private static func first(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE account (id TEXT PRIMARY KEY NOT NULL, created_ms BIGINT NOT NULL)
            """,
            """
            CREATE TABLE identity (
                account TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
                status TEXT NOT NULL, is_trusted INTEGER NOT NULL, created_ms BIGINT NOT NULL,
                PRIMARY KEY (account, name))
            """,
            """
            CREATE TABLE rule_set_version (
                version TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
                kept_ms BIGINT NOT NULL)
            """,
            """
            CREATE TABLE setting (
                account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
                PRIMARY KEY (account, name))
            """,
            """
            CREATE TABLE mail (
                id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL,
                received_ms BIGINT NOT NULL, state TEXT NOT NULL, mail_from TEXT NOT NULL,
                recipients TEXT NOT NULL, helo TEXT NOT NULL, peer_address TEXT NOT NULL,
                tls TEXT, is_extended INTEGER NOT NULL, is_smtputf8 INTEGER NOT NULL,
                is_8bitmime INTEGER NOT NULL, rule_set_version TEXT NOT NULL,
                is_untaken INTEGER NOT NULL, body_place TEXT NOT NULL,
                head_length BIGINT NOT NULL, total_length BIGINT NOT NULL,
                checksum BIGINT NOT NULL, due_ms BIGINT) \(dialect.clusteredSuffix)
            """,
            "CREATE INDEX mail_due ON mail (due_ms) WHERE due_ms IS NOT NULL",
            """
            CREATE INDEX mail_aside ON mail (state) WHERE state IN ('held', 'damaged')
            """,
            "CREATE INDEX mail_untaken ON mail (id) WHERE is_untaken = 1",
            """
            CREATE INDEX mail_content ON mail (received_ms, total_length)
                WHERE state = 'retired' AND body_place <> 'expired'
            """,
            """
            CREATE TABLE mail_body (
                mail TEXT PRIMARY KEY NOT NULL, bytes \(dialect.blobType) NOT NULL)
                \(dialect.clusteredSuffix)
            """,
            """
            CREATE TABLE action (
                mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
                kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
                first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
                disposition TEXT NOT NULL, detail TEXT NOT NULL,
                PRIMARY KEY (mail, rule, position)) \(dialect.clusteredSuffix)
            """,
            "CREATE INDEX action_open ON action (state, mail) WHERE state <> 'done'",
            """
            CREATE TABLE topic_message (
                sequence \(dialect.sequenceType), id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL,
                subject TEXT, message TEXT NOT NULL, created_ms BIGINT NOT NULL)
            """,
            """
            CREATE TABLE topic_delivery (
                message TEXT NOT NULL, subscriber TEXT NOT NULL, state TEXT NOT NULL,
                attempts INTEGER NOT NULL, first_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,
                last_error TEXT, PRIMARY KEY (message, subscriber)) \(dialect.clusteredSuffix)
            """,
            "CREATE INDEX topic_delivery_due ON topic_delivery (state, next_ms)",
        ]
    }

    /// Says whether the database was new.
    static func migrate(
        _ connection: any SQLConnection, _ dialect: SQLDialect, atMilliseconds now: Int64
    ) throws(StorageFailure) -> Bool {
        try connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY NOT NULL)", [])
        let done =
            try connection.rows("SELECT MAX(version) FROM schema_version", []).first?.integer(0)
            ?? 0
        let migrations = migrations(dialect)
        guard done <= migrations.count else {
            throw .refused(
                "the database has version \(done), this program knows \(migrations.count): "
                    + "a newer martlet wrote it")
        }
        for (index, statements) in migrations.enumerated() where index >= Int(done) {
            for statement in statements { try connection.execute(statement, []) }
            try connection.execute(
                "INSERT INTO schema_version (version) VALUES ($1)", [.integer(Int64(index + 1))])
        }
        try connection.execute(
            "INSERT INTO account (id, created_ms) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            [.text(AccountID.main.text), .integer(now)])
        return done == 0
    }
}
