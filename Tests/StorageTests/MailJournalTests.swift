import MailModel
import RuleEngine
import SQLStorage
import Storage
import TestSupport
import Testing

/// What every engine must do with what became of mails, and with mails that have ended.
@Suite struct MailJournalTests: MailRows {
    @Test(arguments: Engine.allCases)
    func replacesAnActionsRow(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        let now = spool.time.now()
        try await spool.accept(mail)
        var record = action(id, .retrying, at: now, next: now.advanced(bySeconds: 9))
        for attempt in 1...2 {
            record.attempts = attempt
            try await spool.store.record([
                MailProgress(
                    mail: id, actions: [record], deliveries: [], newState: nil,
                    nextAttemptAt: record.nextAttemptAt)
            ])
        }
        #expect(try await spool.store.actions(of: id) == [record])
    }

    /// A row of its own for each of whom a rule's action is done for, and for each that a handler asked
    /// for.
    @Test(arguments: Engine.allCases)
    func keepsActionsApartByTheirKeys(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        let now = spool.time.now()
        try await spool.accept(mail)
        let people = [nil, "ada@example.com", "\"a b\"@example.com", "é@example.com"]
            .map { $0.flatMap { Mailbox($0) } }
        let records = [nil, 1, 2].flatMap { asked in
            people.map {
                action(id, $0 == nil ? .done : .dead, at: now, asked: asked, recipient: $0)
            }
        }
        #expect(Set(records.map(\.key)).count == 12)
        for _ in 1...2 {
            try await spool.store.record([
                MailProgress(
                    mail: id, actions: records, deliveries: [], newState: .retired,
                    nextAttemptAt: nil)
            ])
        }
        #expect(Set(try await spool.store.actions(of: id)) == Set(records))
        #expect(try await spool.store.actions(of: id).count == records.count)
        #expect(try await spool.store.retry(id, now: now) == .due)
        let open = try await spool.store.actions(of: id).filter { $0.state == .retrying }
        #expect(Set(open.map(\.key)) == Set(records.filter { $0.state == .dead }.map(\.key)))
    }

    @Test(arguments: Engine.allCases)
    func retriesWhatIsDead(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        let now = spool.time.now()
        try await spool.accept(mail)
        #expect(try await spool.store.retry(id, now: now) == .nothingToRetry)
        try await spool.store.record([
            MailProgress(
                mail: id,
                actions: [action(id, .dead, at: now), action(id, .done, at: now, position: 1)],
                deliveries: [], newState: .retired, nextAttemptAt: nil)
        ])
        var filter = MailFilter()
        filter.hasDeadActionsOnly = true
        #expect(try await spool.store.list(filter).map(\.id) == [id])
        let later = now.advanced(bySeconds: 100)
        #expect(try await spool.store.retry(id, now: later) == .due)
        #expect(try await spool.store.mail(id)?.state == .acting)
        #expect(try await spool.store.due(at: later, limit: 1) == [id])
        let states = try await spool.store.actions(of: id)
            .sorted { $0.key.position < $1.key.position }.map(\.state)
        #expect(states == [.retrying, .done])
        let first = try await spool.store.actions(of: id).map(\.firstAttemptAt).max()
        #expect(first == later)
        spool.time.advance(seconds: 1)
        await #expect(throws: StorageFailure.self) {
            try await spool.store.retry(try spool.mail().record.id, now: later)
        }
    }

    /// What was asked for stands with the outcome, and each of it has a row of its own.
    @Test(arguments: Engine.allCases)
    func keepsWhatHandlersAskedFor(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        let now = spool.time.now()
        try await spool.accept(mail)
        var invoked = action(id, .done, at: now)
        invoked.asks = [
            .reply(
                ReceiptReply(
                    subject: "${subject}", text: "“x”\n", html: nil, identity: nil, everyDays: 7,
                    isOnlyWhereNamed: true)), .stop(topic: nil),
            .forward(to: ["a@b.example"], identity: "c@d.example", author: .rewrite),
        ]
        var asked = action(id, .dead, at: now)
        asked.key = ActionKey(rule: "r", position: 0, asked: 1)
        var other = asked
        other.key = ActionKey(rule: "r", position: 0, asked: 3)
        other.state = .done
        try await spool.store.record([
            MailProgress(
                mail: id, actions: [invoked, asked, other], deliveries: [], newState: .retired,
                nextAttemptAt: nil)
        ])
        #expect(try await spool.store.actions(of: id) == [invoked, asked, other])
        #expect(try await spool.store.retry(id, now: now) == .due)
        let states = try await spool.store.actions(of: id).map(\.state)
        #expect(states == [.done, .retrying, .done])
    }

    @Test(arguments: Engine.allCases)
    func findsMailsByTheirTags(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        var ids: [MailID] = []
        for details in [["team=sales"], ["team=sales-eu", "year=2026"], ["teams=sales"], []] {
            let mail = try spool.mail()
            ids.append(mail.record.id)
            try await spool.accept(mail)
            let actions = details.enumerated().map { position, detail in
                var record = action(
                    mail.record.id, .done, at: spool.time.now(), position: position)
                record.kind = "tag"
                record.detail = detail
                return record
            }
            // What another action had to say is no tag.
            var other = action(mail.record.id, .done, at: spool.time.now(), position: 9)
            other.detail = "team=press"
            try await spool.store.record([
                MailProgress(
                    mail: mail.record.id, actions: actions + [other], deliveries: [],
                    newState: .retired, nextAttemptAt: nil)
            ])
        }
        for (tag, expected) in [
            ("team=sales", [0]), ("team", [1, 0]), ("teams", [2]), ("year=2026", [1]),
            ("year=", []), ("team=press", []), ("tea", []), ("t%", []), ("", []),
        ] {
            var filter = MailFilter()
            filter.tag = tag
            #expect(try await spool.store.list(filter).map(\.id) == expected.map { ids[$0] })
        }
    }

    /// What an operator holds, or recovery set aside, stays so until it is released.
    @Test(arguments: Engine.allCases, [MailRecord.State.held, .damaged])
    func retriesNothingThatIsNotReleased(
        _ engine: Engine, _ state: MailRecord.State
    ) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        let now = spool.time.now()
        try await spool.accept(mail)
        let dead = action(id, .dead, at: now)
        try await spool.store.record([
            MailProgress(
                mail: id, actions: [dead], deliveries: [], newState: nil, nextAttemptAt: now)
        ])
        #expect(try await spool.store.move(id, from: [.acting], to: state))
        let later = now.advanced(bySeconds: 100)
        #expect(try await spool.store.retry(id, now: later) == .notReleased(state))
        #expect(try await spool.store.mail(id)?.state == state)
        #expect(try await spool.store.actions(of: id) == [dead])
        #expect(try await spool.store.due(at: later, limit: 9).isEmpty)
        #expect(try await spool.store.move(id, from: [state], to: .acting))
        #expect(try await spool.store.retry(id, now: later) == .due)
    }

    @Test(arguments: Engine.allCases)
    func holdsAndReleases(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        let id = mail.record.id
        try await spool.accept(mail)
        #expect(try await spool.store.move(id, from: [.acting], to: .held))
        #expect(try await spool.store.move(id, from: [.acting], to: .held) == false)
        #expect(try await spool.store.due(at: spool.time.now(), limit: 9).isEmpty)
        // What a pass that was under way notes does not end the hold.
        try await spool.store.record([
            MailProgress(
                mail: id, actions: [action(id, .done, at: spool.time.now())], deliveries: [],
                newState: .retired, nextAttemptAt: nil)
        ])
        #expect(try await spool.store.mail(id)?.state == .held)
        #expect(try await spool.store.move(id, from: [.held], to: .acting))
        #expect(try await spool.store.due(at: spool.time.now(), limit: 9) == [id])
        #expect(try await spool.store.remove(id))
        #expect(try await spool.store.remove(id) == false)
        #expect(try await spool.store.actions(of: id).isEmpty)
    }

    @Test(arguments: Engine.allCases)
    func dropsWhatIsOld(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let inRow = try spool.mail()
        let inFile = try spool.mail(seconds: 1) { $0.bodyPlace = .file }
        let open = try spool.mail(seconds: 2)
        let young = try spool.mail(seconds: 1_000)
        for mail in [inRow, inFile, open, young] { try await spool.accept(mail) }
        for mail in [inRow, inFile, young] {
            try await spool.store.record([
                MailProgress(
                    mail: mail.record.id, actions: [action(mail.record.id, .done, at: now)],
                    deliveries: [], newState: .retired, nextAttemptAt: nil)
            ])
        }
        let bytes = Int64(inRow.record.totalLength)
        #expect(try await spool.store.retiredBytes() == 3 * bytes)
        let end = now.advanced(bySeconds: 500)
        let batch = try await spool.store.expireContent(receivedBefore: end, limit: 1)
        #expect(batch.count == 1 && batch.files.isEmpty)
        let rest = try await spool.store.expireContent(receivedBefore: end, limit: 9)
        #expect(rest.count == 1 && rest.files == [inFile.record.id])
        #expect(try await spool.store.retiredBytes() == bytes)
        #expect(try await spool.store.mail(inRow.record.id)?.bodyPlace == .expired)
        await #expect(throws: StorageFailure.self) {
            try await spool.store.retry(inRow.record.id, now: now)
        }
        let rows = try await spool.store.expireRows(receivedBefore: end, limit: 9)
        #expect(rows.count == 2 && rows.deadCount == 0)
        #expect(
            try await spool.store.list(MailFilter()).map(\.id) == [young.record.id, open.record.id])
    }

    /// A dead letter can be sent again as long as its row is there; then somebody has to be told.
    @Test(arguments: Engine.allCases)
    func keepsDeadLetters(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let done = try spool.mail()
        let dead = try spool.mail(seconds: 1)
        let inFile = try spool.mail(seconds: 2) { $0.bodyPlace = .file }
        for (mail, state) in [(done, ActionRecord.State.done), (dead, .dead), (inFile, .dead)] {
            try await spool.accept(mail)
            let id = mail.record.id
            try await spool.store.record([
                MailProgress(
                    mail: id,
                    actions: [
                        action(id, .done, at: now), action(id, state, at: now, position: 1),
                    ], deliveries: [], newState: .retired, nextAttemptAt: nil)
            ])
        }
        #expect(try await spool.store.retiredBytes() == Int64(done.record.totalLength))
        let end = now.advanced(bySeconds: 500)
        #expect(try await spool.store.expireContent(receivedBefore: end, limit: 9).count == 1)
        #expect(try await spool.store.expireContent(receivedBefore: end, limit: 9).count == 0)
        #expect(try await spool.store.mail(done.record.id)?.bodyPlace == .expired)
        #expect(try await spool.store.content(of: dead.record) == dead.content)
        #expect(try await spool.store.retry(dead.record.id, now: end) == .due)
        try await spool.store.record([
            MailProgress(
                mail: dead.record.id,
                actions: [action(dead.record.id, .dead, at: now, position: 1)], deliveries: [],
                newState: .retired, nextAttemptAt: nil)
        ])
        let first = try await spool.store.expireRows(receivedBefore: end, limit: 2)
        #expect(first.count == 2 && first.deadCount == 1 && first.files.isEmpty)
        let second = try await spool.store.expireRows(receivedBefore: end, limit: 2)
        #expect(second.count == 1 && second.deadCount == 1)
        #expect(second.files == [inFile.record.id])
        #expect(try await spool.store.list(MailFilter()).isEmpty)
    }
}
