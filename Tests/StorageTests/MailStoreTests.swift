import Foundation
import MailModel
import RuleEngine
import SQLStorage
import Storage
import TestSupport
import Testing

/// What every engine must do with mails.
@Suite struct MailStoreTests: MailRows {
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
        verdicts.dkim = VerdictRecord.Finding(.pass, result: "a.example", reason: "ü “q” \\")
        verdicts.dkimDomains = ["a.example", "b.example"]
        verdicts.areDKIMDomainsWhole = false
        verdicts.spam = VerdictRecord.Finding(.processingFailed)
        verdicts.virus = VerdictRecord.Finding(.pass)
        verdicts.spamScore = -2.25
        verdicts.others = [VerdictRecord.OtherFinding("iprev", VerdictRecord.Finding(.pass))]
        verdicts.inquiries = [
            VerdictRecord.Inquiry(
                of: "zen", subject: "address 2.0.0.127", status: .fail, answer: "127.0.0.2\n",
                score: 5, milliseconds: nil),
            VerdictRecord.Inquiry(
                of: "clamd", subject: nil, status: .pass, answer: "OK", score: nil,
                milliseconds: 12),
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
        // Of what a row does not say, this is read as false.
        verdicts.areDKIMDomainsWhole = true
        var again = later
        again.verdicts = verdicts
        try await spool.store.record([again])
        #expect(try await spool.store.mail(mail.record.id)?.verdicts == verdicts)
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
        #expect(try await spool.store.due(at: now, limit: 9) == [first.record.id])
        #expect(
            try await spool.store.due(at: now.advanced(bySeconds: 5), limit: 9)
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
        #expect(try await spool.store.due(at: later, limit: 9) == [first.record.id])
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
        let due = try await spool.store.due(at: now, limit: 9)
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
}
