import GRDB
import MailModel
import NIOCore
import ObjectStorage
import SQLStorage
import Storage
import TestSupport
import Testing

/// Mails that are sent, their recipients and destinations, on every engine.
@Suite struct SendingStoreTests {
    @Test(arguments: Engine.allCases)
    func keepsWhatItTakes(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["ada@one.example", "bob@two.example"]) { sending in
            sending.recipients[1].notification = DeliveryNotification(
                occasions: [.failure, .delay], originalRecipient: "rfc822;bob@two.example",
                returned: .headers, envelopeID: "x+2By")
            sending.mail.pool = "slow"
            sending.mail.tls = .required
            sending.mail.facts.tags = ["campaign": ["a", "b"]]
        }
        #expect(try await spool.accept(sending) == .accepted(sending.mail.id))
        #expect(try await spool.store.sentMail(sending.mail.id) == sending.mail)
        #expect(try await spool.store.recipients(of: sending.mail.id) == sending.recipients)
        #expect(try await spool.store.body(of: sending.mail) == sending.body)
        let due = try await spool.store.dueDestinations(
            at: spool.time.now(), limit: 10, excluding: [])
        #expect(Set(due.map(\.name)) == ["one.example", "two.example"])
        #expect(
            try await spool.store.dueDestinations(
                at: spool.time.now(), limit: 1, excluding: ["one.example"]
            ).map(\.name) == ["two.example"])
        let waiting = try await spool.store.dueRecipients(
            of: "two.example", at: spool.time.now(), limit: 10)
        #expect(waiting.map(\.recipient) == [sending.recipients[1]])
        #expect(waiting.map(\.mail) == [sending.mail])
        #expect(
            try await spool.store.sendingCounts()
                == SendingCounts(queued: 2, held: 0, restingDestinations: 0))
    }

    /// What was put off while the clock was ahead is due; what is scheduled keeps its time.
    @Test(arguments: Engine.allCases)
    func aClockThatWasSetBackHoldsUpNobody(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let later = now.advanced(bySeconds: 31_536_000)
        let putOff = try spool.sending(to: ["ada@one.example"]) {
            $0.recipients[0].dueAt = later
            $0.recipients[0].lastAttemptAt = now
        }
        let scheduled = try spool.sending(to: ["bob@two.example"]) {
            $0.recipients[0].dueAt = later
        }
        _ = try await spool.accept(putOff)
        _ = try await spool.accept(scheduled)
        let limit = now.advanced(bySeconds: 86_400)
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) > 0)
        let due = try await spool.store.dueDestinations(at: now, limit: 10, excluding: [])
        #expect(due.map(\.name) == ["one.example"])
        #expect(
            try await spool.store.dueRecipients(of: "one.example", at: now, limit: 10).count == 1)
        #expect(
            try await spool.store.dueRecipients(of: "two.example", at: now, limit: 10).isEmpty)
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) == 0)
    }

    /// Two that have read the same do not both write: the second has read what is no more.
    @Test(arguments: Engine.allCases)
    func whatIsReplacedStandsStill(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["ada@one.example"])
        _ = try await spool.accept(sending)
        let asRead = sending.recipients[0]
        var (first, second) = (asRead, asRead)
        (first.state, first.detail) = (.bounced, "first")
        (second.state, second.detail) = (.complained, "second")
        let listed = SuppressionRecord(
            scope: .account(.main), address: "ada@one.example", reason: .complaint,
            changedAt: spool.time.now())
        _ = try await spool.store.record([SendingProgress(recipient: first, replacing: asRead)])
        _ = try await spool.store.record([
            SendingProgress(recipient: second, replacing: asRead, suppressions: [listed])
        ])
        #expect(try await spool.store.recipients(of: sending.mail.id) == [first])
        #expect(
            try await spool.store.suppression("ada@one.example", in: .account(.main)) == nil)
        _ = try await spool.store.record([SendingProgress(recipient: second, replacing: first)])
        #expect(try await spool.store.recipients(of: sending.mail.id) == [second])
    }

    @Test(arguments: Engine.allCases)
    func theLastRecipientsEndIsTheMails(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["ada@one.example", "bob@one.example"])
        _ = try await spool.accept(sending)
        var (first, second) = (sending.recipients[0], sending.recipients[1])
        first.state = .delivered
        first.attempts = 1
        first.lastAttemptAt = spool.time.now()
        first.detail = "250 2.0.0 Ok"
        #expect(try await spool.store.record([SendingProgress(recipient: first)]) == [])
        #expect(try await spool.store.sentMail(sending.mail.id)?.state == .queued)
        #expect(try await spool.store.body(of: sending.mail) == sending.body)
        second.state = .bounced
        #expect(try await spool.store.record([SendingProgress(recipient: second)]) == [])
        let ended = try await spool.store.sentMail(sending.mail.id)
        #expect(ended?.state == .ended)
        #expect(ended?.bodyPlace == .expired)
        #expect(ended?.head == sending.mail.head)
        #expect(try await spool.store.recipients(of: sending.mail.id) == [first, second])
        await #expect(throws: StorageFailure.self) {
            try await spool.store.body(of: sending.mail)
        }
        let later = spool.time.now().advanced(bySeconds: 1)
        #expect(try await spool.store.expireSent(acceptedBefore: later, limit: 10) == 1)
        #expect(try await spool.store.sentMail(sending.mail.id) == nil)
        #expect(try await spool.store.recipients(of: sending.mail.id) == [])
    }

    @Test(arguments: Engine.allCases)
    func aFileIsItsMailsUntilItEnds(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending {
            $0.mail.bodyPlace = .file
            $0.body = nil
        }
        let writer = try spool.bodies.create(sending.mail.bodyID)
        try writer.write(ByteBuffer(string: "body\r\n"))
        try writer.finish()
        _ = try await spool.accept(sending)
        let file = sending.mail.bodyID
        #expect(try await spool.store.bodyFileOwners(among: [file]) == [file])
        var recipient = sending.recipients[0]
        recipient.state = .delivered
        #expect(try await spool.store.endedBodyFiles(among: [file]) == [])
        #expect(try await spool.store.record([SendingProgress(recipient: recipient)]) == [file])
        #expect(try await spool.store.bodyFileOwners(among: [file]) == [])
        // Where the process ends before it is removed, the next start knows that it may go.
        #expect(try await spool.store.endedBodyFiles(among: [file]) == [file])
    }

    @Test(arguments: Engine.allCases)
    func listsTheFilesOfWhatIsNotSent(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        var files: [SentBodyFile] = []
        for length in 0..<5 {
            let sending = try spool.sending {
                ($0.mail.bodyPlace, $0.mail.bodyLength, $0.body) = (.file, length, nil)
            }
            _ = try await spool.accept(sending)
            files.append(
                SentBodyFile(
                    name: sending.mail.bodyID, mail: sending.mail.id, length: length))
        }
        _ = try await spool.accept(try spool.sending())
        files.sort { $0.name < $1.name }
        let page = try await spool.store.queuedBodyFiles(after: nil, limit: 3)
        #expect(page == Array(files.prefix(3)))
        #expect(
            try await spool.store.queuedBodyFiles(after: page.last?.name, limit: 3)
                == Array(files.suffix(2)))
        _ = try await spool.moveAll(from: .queued, to: .removed, now: spool.time.now())
        #expect(try await spool.store.queuedBodyFiles(after: nil, limit: 3).isEmpty)
    }

    @Test(arguments: Engine.allCases)
    func holdsWhoWaitsForAMail(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["ada@one.example", "bob@one.example"]) {
            ($0.recipients[0].state, $0.recipients[0].detail) = (.bounced, "no")
        }
        _ = try await spool.accept(sending)
        let other = try spool.sending()
        _ = try await spool.accept(other)
        try await spool.store.hold(sending.mail.id, because: "it is gone")
        let recipients = try await spool.store.recipients(of: sending.mail.id)
        #expect(recipients.map(\.state) == [.bounced, .held])
        #expect(recipients.map(\.detail) == ["no", "it is gone"])
        #expect(try await spool.store.recipients(of: other.mail.id) == other.recipients)
    }

    /// What is asked each minute and at each start costs no look at what has ended.
    @Test(arguments: [
        ("DELETE FROM idempotency WHERE created_ms < 1", "idempotency_created"),
        (
            """
            SELECT body, id, body_length FROM sent_mail
            WHERE state = 'queued' AND body_place = 'file' AND body > '' ORDER BY body LIMIT 1
            """, "sent_mail_file (state=? AND body>?)"
        ),
        (
            """
            SELECT 1 FROM sent_mail WHERE state = 'ended' AND body_place = 'file' AND body = ''
            """, "sent_mail_file (state=? AND body=?)"
        ),
    ])
    func findsByAnIndex(_ statement: String, _ index: String) async throws {
        let spool = try Spool(.sqlite)
        let connection = try DatabaseQueue(path: "\(spool.folder)/martlet.sqlite")
        let plan = try await connection.read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(statement)")
                .map { $0["detail"] as String? ?? "" }
        }
        try connection.close()
        #expect(plan.count == 1)
        #expect(plan.first?.contains(index) == true, "\(plan)")
    }

    @Test(arguments: Engine.allCases)
    func aDestinationRestsAsAWhole(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        _ = try await spool.accept(try spool.sending())
        let now = spool.time.now()
        let rest = DestinationRecord(
            name: "one.example", dueAt: now, failures: 2,
            restsUntil: now.advanced(bySeconds: 600), detail: "4.4.1 no answer")
        #expect(try await spool.store.settle(rest))
        #expect(
            try await spool.store.failingDestinations(limit: 9).map(\.restsUntil)
                == [rest.restsUntil])
        func due(_ time: Timestamp) async throws -> [DestinationRecord] {
            try await spool.store.dueDestinations(at: time, limit: 9, excluding: [])
        }
        #expect(try await due(now).isEmpty)
        // A new mail for it wakes nobody up.
        _ = try await spool.accept(try spool.sending())
        #expect(try await due(now).isEmpty)
        #expect(try await spool.store.nextDue() == now.advanced(bySeconds: 600))
        let found = try await due(now.advanced(bySeconds: 600))
        #expect(found.map(\.failures) == [2])
        #expect(found.map(\.detail) == ["4.4.1 no answer"])
        // An operator wants it tried now.
        _ = try await spool.moveAll(from: .queued, to: .queued, now: now)
        #expect(try await due(now).map(\.name) == ["one.example"])
        // One that nobody waits for is forgotten.
        _ = try await spool.moveAll(from: .queued, to: .removed, now: now)
        #expect(try await !spool.store.settle(rest))
        #expect(try await spool.store.failingDestinations(limit: 9).isEmpty)
        #expect(try await spool.store.nextDue() == nil)
    }

    @Test(arguments: Engine.allCases)
    func whatAnOperatorDidStays(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending()
        _ = try await spool.accept(sending)
        let now = spool.time.now()
        #expect(
            try await spool.moveAll(from: .queued, to: .held, now: now).count == 1)
        var recipient = sending.recipients[0]
        recipient.attempts = 1
        recipient.detail = "451 later"
        _ = try await spool.store.record([SendingProgress(recipient: recipient)])
        let held = try await spool.store.recipients(of: sending.mail.id)
        #expect(held.map(\.state) == [.held])
        #expect(held.map(\.detail) == ["451 later"])
        #expect(
            try await spool.store.dueRecipients(of: "one.example", at: now, limit: 9).isEmpty)
        #expect(
            try await spool.moveAll(from: .held, to: .queued, now: now).count == 1)
        #expect(
            try await spool.store.dueRecipients(of: "one.example", at: now, limit: 9).count == 1)
        var filter = SendingFilter()
        filter.recipient = "ADA@one"
        #expect(try await spool.store.list(filter).map(\.recipient.attempts) == [1])
        filter.recipient = "nobody"
        #expect(try await spool.store.list(filter).isEmpty)
        #expect(
            try await spool.moveAll(from: .queued, to: .removed, now: now).count == 1)
        #expect(try await spool.store.sentMail(sending.mail.id)?.state == .ended)
    }
}
