import Foundation
import MailModel
import NIOCore
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// What every engine must do with mails.
@Suite struct MailStoreTests {
    private func action(
        _ mail: MailID, _ state: ActionRecord.State, at time: Timestamp, next: Timestamp? = nil,
        rule: String = "r", position: Int = 0
    ) -> ActionRecord {
        ActionRecord(
            mail: mail, key: ActionKey(rule: rule, position: position), kind: "store",
            state: state, attempts: 1, firstAttemptAt: time, lastAttemptAt: time,
            nextAttemptAt: next, disposition: .continueOn, detail: "mail/x")
    }

    @Test(arguments: Engine.allCases)
    func givesBackWhatItTook(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sender = try #require(Mailbox("\"od d\"@sender.example"))
        let second = try #require(Mailbox("grün@ours.example"))
        let mail = try spool.mail { record in
            record.envelope.mailFrom = .mailbox(sender)
            record.envelope.recipients.append(second)
            record.envelope.tls = "TLSv1.3"
            record.envelope.peerName = .unconfirmed(Domain(validatedASCII: "name.example"))
            record.envelope.isSMTPUTF8 = true
            record.envelope.requiresTLS = true
            record.headLength = 7
            record.isUntaken = true
        }
        try await spool.accept(mail)
        let stored = try #require(try await spool.store.mail(mail.record.id))
        #expect(stored == mail.record)
        #expect(try await spool.store.content(of: stored) == mail.content)
    }

    /// What a mail was found to be is written with the journal, and stays.
    @Test(arguments: Engine.allCases)
    func keepsVerdicts(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        try await spool.accept(mail)
        #expect(try await spool.store.mail(mail.record.id)?.verdicts == nil)
        var verdicts = VerdictRecord()
        verdicts.spf = VerdictRecord.Finding(.gray, result: "softfail", reason: "~all\r\nX: y")
        verdicts.dmarc = VerdictRecord.Finding(.fail, result: "fail")
        verdicts.dmarcPolicy = "reject"
        verdicts.others = [VerdictRecord.OtherFinding("iprev", VerdictRecord.Finding(.pass))]
        verdicts.inquiries = [
            VerdictRecord.Inquiry(
                of: "zen", subject: "address 2.0.0.127", status: .fail, answer: "127.0.0.2\n",
                score: 5, milliseconds: nil)
        ]
        verdicts.extent = .authentication
        verdicts.headerFields = "Received-SPF: softfail\r\n"
        verdicts.forgedFields = [VerdictRecord.ByteSpan(start: 3, length: 4)]
        verdicts.resultsHiddenTo = 20
        let judged = MailProgress(
            mail: mail.record.id, verdicts: verdicts, waitsFor: "clamd: away", actions: [],
            deliveries: [], newState: nil,
            nextAttemptAt: mail.record.receivedAt)
        let later = MailProgress(
            mail: mail.record.id, actions: [], deliveries: [], newState: .retired,
            nextAttemptAt: nil)
        for progress in [judged, later] {
            try await spool.store.record([progress])
            #expect(try await spool.store.mail(mail.record.id)?.verdicts == verdicts)
            #expect(try await spool.store.mail(mail.record.id)?.waitsFor == "clamd: away")
            #expect(try await spool.store.counts().unjudged == (progress.newState == nil ? 1 : 0))
        }
        #expect(verdicts.spf.reason == "~all  X: y")
        #expect(verdicts.inquiries[0].answer == "127.0.0.2 ")
    }

    /// A row that an earlier version wrote says less, and what it says holds.
    @Test func readsVerdictsOfEarlierVersions() throws {
        let row = #"{"spf": {"status": "PASS", "result": "pass", "reason": "a"}}"#
        let verdicts = try JSONDecoder().decode(VerdictRecord.self, from: Data(row.utf8))
        #expect(verdicts.spf.result == "pass" && verdicts.isComplete)
        #expect(verdicts.spam == .disabled && verdicts.inquiries == [])
    }

    /// One unit of a commit that cannot be written fails alone.
    @Test(arguments: Engine.allCases)
    func failsOneMailAlone(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let first = try spool.mail()
        let second = try spool.mail()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for mail in [first, first, second] {
                group.addTask { (try? await spool.accept(mail)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 2)
        #expect(try await spool.store.list(MailFilter()).count == 2)
    }

    @Test(arguments: Engine.allCases)
    func saysWhatIsDue(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let first = try spool.mail()
        let second = try spool.mail(seconds: 5)
        try await spool.accept(second)
        try await spool.accept(first)
        #expect(try await spool.store.due(at: now, limit: 9).map(\.id) == [first.record.id])
        #expect(
            try await spool.store.due(at: now.advanced(bySeconds: 5), limit: 9).map(\.id)
                == [first.record.id, second.record.id])
        // A retry moves the mail's time, the end takes it away.
        let later = now.advanced(bySeconds: 60)
        try await spool.store.record([
            MailProgress(
                mail: first.record.id,
                actions: [action(first.record.id, .retrying, at: now, next: later)],
                deliveries: [], newState: nil, nextAttemptAt: later),
            MailProgress(
                mail: second.record.id, actions: [action(second.record.id, .done, at: now)],
                deliveries: [], newState: .retired, nextAttemptAt: nil),
        ])
        #expect(try await spool.store.due(at: now, limit: 9).isEmpty)
        #expect(try await spool.store.mail(second.record.id)?.state == .retired)
        #expect(try await spool.store.due(at: later, limit: 9).map(\.id) == [first.record.id])
        #expect(
            try await spool.store.counts()
                == MailCounts(
                    acting: 1, unjudged: 0, held: 0, damaged: 0, untaken: 0, retryingActions: 1,
                    deadActions: 0))
        #expect(try await spool.store.retiredCount() == 1)
    }

    /// D5: the clock is set back by a day, and no mail waits for it.
    @Test(arguments: Engine.allCases)
    func pullsForwardWhatIsDueTooLate(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let limit = now.advanced(bySeconds: 900)
        let tomorrow = now.advanced(bySeconds: 86_400)
        let fresh = try spool.mail(seconds: 86_400)
        let (late, soon) = (try spool.mail(), try spool.mail())
        for mail in [fresh, late, soon] { try await spool.accept(mail) }
        try await spool.store.record(
            [(late, tomorrow), (soon, limit)].map { mail, next in
                MailProgress(
                    mail: mail.record.id,
                    actions: [action(mail.record.id, .retrying, at: tomorrow, next: next)],
                    deliveries: [], newState: nil, nextAttemptAt: next)
            })
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) == 2)
        let due = try await spool.store.due(at: now, limit: 9).map(\.id)
        #expect(Set(due) == [fresh.record.id, late.record.id])
        let moved = try #require(try await spool.store.actions(of: late.record.id).first)
        #expect(moved.nextAttemptAt == now && moved.firstAttemptAt == now)
        let kept = try #require(try await spool.store.actions(of: soon.record.id).first)
        #expect(kept.nextAttemptAt == limit && kept.firstAttemptAt == tomorrow)
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) == 0)
    }

    @Test(arguments: Engine.allCases)
    func countsWhatIsDueUpToALimit(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        for seconds: Int64 in [0, 0, 0, 5] { try await spool.accept(spool.mail(seconds: seconds)) }
        #expect(try await spool.store.dueCount(at: now, limit: 9) == 3)
        #expect(try await spool.store.dueCount(at: now, limit: 2) == 2)
        #expect(try await spool.store.dueCount(at: now.advanced(bySeconds: 5), limit: 9) == 4)
    }

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
        #expect(try await spool.store.due(at: later, limit: 1).map(\.id) == [id])
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
        #expect(try await spool.store.due(at: spool.time.now(), limit: 9).map(\.id) == [id])
        #expect(try await spool.store.remove(id))
        #expect(try await spool.store.remove(id) == false)
        #expect(try await spool.store.actions(of: id).isEmpty)
    }

    @Test(arguments: Engine.allCases)
    func findsMails(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let odd = try #require(Mailbox("50%_off!@list.example"))
        let plain = try spool.mail()
        let special = try spool.mail(seconds: 1) { $0.envelope.mailFrom = .mailbox(odd) }
        let untaken = try spool.mail(seconds: 2) { $0.isUntaken = true }
        for mail in [plain, special, untaken] { try await spool.accept(mail) }
        func ids(_ change: (inout MailFilter) -> Void) async throws -> [MailID] {
            var filter = MailFilter()
            change(&filter)
            return try await spool.store.list(filter).map(\.id)
        }
        let (first, second, third) = (plain.record.id, special.record.id, untaken.record.id)
        #expect(try await ids { _ in } == [third, second, first])
        #expect(try await ids { $0.limit = 1 } == [third])
        #expect(try await ids { $0.before = second } == [first])
        #expect(try await ids { $0.isUntakenOnly = true } == [third])
        #expect(try await ids { $0.address = "50%_OFF!" } == [second])
        #expect(try await ids { $0.address = "5%f" } == [])
        #expect(try await ids { $0.address = "ADA@" } == [third, second, first])
        #expect(try await ids { $0.states = [.held] } == [])
        #expect(
            try await spool.store.mails(startingWith: String(first.text.prefix(30)), limit: 5)
                .contains(first))
        #expect(try await spool.store.mails(startingWith: second.text, limit: 5) == [second])
        #expect(try await spool.store.mails(startingWith: "vvvv", limit: 5) == [])
    }

    @Test(arguments: Engine.allCases)
    func seesDamagedBytes(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail { $0.checksum ^= 1 }
        try await spool.accept(mail)
        await #expect(throws: StorageFailure.self) {
            try await spool.store.content(of: mail.record)
        }
        #expect(try await spool.store.unverifiedContent(of: mail.record) == mail.content)
        try await spool.accept(try spool.mail { $0.bodyPlace = .file })
        await #expect(throws: StorageFailure.self) {
            try await spool.store.unverifiedContent(of: try spool.mail().record)
        }
    }

    struct RowDamage: CustomTestStringConvertible, Sendable {
        let column: String
        let value: SQLValue
        var testDescription: String { "\(column) \(value)" }
    }

    /// What a flipped bit makes of a row, and what only a hand would.
    static let rowDamages = [
        RowDamage(column: "state", value: .text("actinh")),
        RowDamage(column: "mail_from", value: .text("ada@")),
        RowDamage(column: "recipients", value: .text("ada@ours.example\n\u{1}")),
        RowDamage(column: "recipients", value: .text("")),
        RowDamage(column: "recipients", value: .blob(ByteBuffer(bytes: [0xFF, 0xFE]))),
        RowDamage(column: "body_place", value: .text("roe")),
        RowDamage(column: "received_ms", value: .text("x")),
        RowDamage(column: "received_ms", value: .integer(.max)),
        RowDamage(column: "head_length", value: .integer(-1)),
        RowDamage(column: "head_length", value: .integer(1_000_000)),
        RowDamage(column: "total_length", value: .integer(.max)),
        RowDamage(column: "checksum", value: .integer(-1)),
        RowDamage(column: "checksum", value: .blob(ByteBuffer(bytes: [1]))),
    ]

    /// D4: a row that cannot be read holds up no other mail, and is counted.
    @Test(arguments: Engine.allCases, rowDamages)
    func setsAnUnreadableRowAside(_ engine: Engine, _ damage: RowDamage) async throws {
        let spool = try Spool(engine)
        let damaged = try spool.mail()
        let whole = try spool.mail()
        for mail in [damaged, whole] { try await spool.accept(mail) }
        let other = try engine.database(in: spool.folder)
        try other.write { connection throws(StorageFailure) in
            try connection.execute(
                "UPDATE mail SET \(damage.column) = $1 WHERE id = $2",
                [damage.value, .text(damaged.record.id.text)])
        }
        let later = spool.time.now().advanced(bySeconds: 9)
        #expect(try await spool.store.due(at: later, limit: 9).map(\.id) == [whole.record.id])
        for _ in 0..<2 {
            // A state that was none is one once it is set aside: then the row can be read.
            let listed = try await spool.store.list(MailFilter()).filter { $0.state != .damaged }
            #expect(listed.map(\.id) == [whole.record.id])
        }
        let counts = try await spool.store.counts()
        #expect(counts.damaged == 1 && counts.acting == 1)
        #expect(spool.unreadable.ids == [damaged.record.id.text])
        if damage.column != "state" {
            await #expect(throws: StorageFailure.self) {
                try await spool.store.mail(damaged.record.id)
            }
        }
        #expect(try await spool.store.remove(damaged.record.id))
    }

    /// A database that was unlinked or replaced is no place to promise anything.
    @Test(arguments: ["", "-wal", "-shm"], [false, true])
    func endsWhereAFileIsGone(_ suffix: String, isReplaced: Bool) async throws {
        let spool = try Spool(.sqlite)
        try await spool.accept(try spool.mail())
        let path = "\(spool.folder)/martlet.sqlite\(suffix)"
        try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
        if isReplaced { try FileManager.default.copyItem(atPath: path + ".moved", toPath: path) }
        await #expect(throws: StorageFailure.self) { try await spool.accept(try spool.mail()) }
        #expect(throws: StorageFailure.self) { try spool.store.checkPlace() }
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
