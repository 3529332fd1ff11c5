import MailModel
import NIOCore
import ObjectStorage
import SQLStorage
import Storage
import TestSupport
import Testing

/// Past mails that are run again: each once, whole, and told where it cannot be.
@Suite struct ReplayStoreTests {
    private let spool: Spool

    init() throws {
        spool = try Spool(.sqlite)
    }

    private var wish: ReplayWish {
        ReplayWish(
            ruleSetVersion: "v2",
            before: MailID(at: spool.time.now().advanced(bySeconds: 60), random: spool.random))
    }

    /// Of a mail that is done with.
    private func retired(
        seconds: Int64 = 0, change: (inout MailRecord) -> Void = { _ in }
    ) async throws -> MailRecord {
        let mail = try spool.mail(seconds: seconds) { record in
            record.state = .retired
            change(&record)
        }
        if mail.record.bodyPlace == .file {
            let file = try spool.bodies.create(mail.record.id)
            try file.write(ByteBuffer(string: "Subject: x\r\n\r\nbody\r\n"))
            try file.finish()
        }
        try await spool.accept(mail)
        return mail.record
    }

    private func again(_ source: MailRecord, _ replay: ReplayRecord) -> ReplayedMail {
        var record = source
        record.id = MailID(at: spool.time.now(), random: spool.random)
        record.state = .acting
        record.ruleSetVersion = "v2"
        record.replay = ReplayMark(
            replay: replay.number, original: source.id, messageID: source.id, sends: false)
        return ReplayedMail(record: record, source: .mail(source.id))
    }

    private func step(
        _ replay: ReplayRecord, _ mails: [ReplayedMail], isLast: Bool = true
    ) -> ReplayStep {
        ReplayStep(
            replay: replay.number, mails: mails, obstacles: [], cursor: "c", isLast: isLast)
    }

    private func begin() async throws -> ReplayRecord {
        try #require(try await spool.store.begin(wish, at: spool.time.now()))
    }

    @Test func thereIsOneAtATime() async throws {
        let first = try await begin()
        #expect(first.number == 1)
        #expect(try await spool.store.begin(wish, at: spool.time.now()) == nil)
        #expect(try await spool.store.openReplay() == first)
        #expect(try await spool.store.cancel(replay: 1, at: spool.time.now()))
        #expect(!(try await spool.store.cancel(replay: 1, at: spool.time.now())))
        #expect(try await begin().number == 2)
        let all = try await spool.store.replays(limit: 9)
        #expect(all.map(\.number) == [2, 1] && all.map(\.isCancelled) == [false, true])
    }

    @Test func aMailGetsARowAndBytesOfItsOwn() async throws {
        let inRow = try await retired()
        let inFile = try await retired(seconds: 1) { $0.bodyPlace = .file }
        let replay = try await begin()
        let mails = [again(inRow, replay), again(inFile, replay)]
        try spool.bodies.link(inFile.id, as: mails[1].record.id)
        let advance = try await spool.store.advance(step(replay, mails), at: spool.time.now())
        #expect(advance.replay?.progress.replayed == 2 && advance.replay?.endedAt != nil)
        _ = try await spool.store.remove(inRow.id)
        spool.bodies.remove([inFile.id])
        for (mail, source) in zip(mails, [inRow, inFile]) {
            let record = try #require(try await spool.store.mail(mail.record.id))
            #expect(record == mail.record && record.messageID == source.id)
            let content =
                record.bodyPlace == .row
                ? try await spool.store.content(of: record) : try spool.bodies.content(of: record)
            #expect(content.readableBytes == record.totalLength)
        }
        let due = try await spool.store.due(at: spool.time.now(), limit: 9)
        #expect(due == mails.map(\.record.id), "in the order in which they came")
        #expect(try await spool.store.obstacle(to: inRow.id, in: nil) == .replaying)
        #expect(try await spool.store.obstacle(to: inRow.id, in: replay.number) == .twice)
        #expect(try await spool.store.replays(of: inFile.id, limit: 9) == [mails[1].record.id])
    }

    /// Of one that lies in a bucket, whose row has gone.
    @Test func aMailOfABucketNeedsNoRow() async throws {
        let text = "Subject: x\r\n\r\nbody\r\n"
        let mail = try spool.mail(text)
        let replay = try await begin()
        var record = again(mail.record, replay).record
        record.replay?.object = "mail/in/\(mail.record.id)"
        var second = record
        second.id = MailID(at: spool.time.now(), random: spool.random)
        let content = ByteBuffer(string: text)
        let advance = try await spool.store.advance(
            step(
                replay,
                [
                    ReplayedMail(record: record, source: .object(content: content)),
                    ReplayedMail(record: second, source: .object(content: content)),
                ]), at: spool.time.now())
        #expect(advance.replay?.progress.replayed == 1)
        #expect(advance.obstacles == [second.id: .twice])
        #expect(try await spool.store.mail(record.id) == record)
        #expect(try await spool.store.content(of: record) == content)
        #expect(try await spool.store.mail(second.id) == nil)
        var wish = wish
        wish.bucket = ReplayWish.Bucket(name: "mail", prefix: "in/", recipients: [])
        let next = try #require(try await spool.store.begin(wish, at: spool.time.now()))
        #expect(try await spool.store.openReplay()?.wish == wish && next.wish == wish)
    }

    @Test func whatIsNotThereAnyMoreIsCounted() async throws {
        let removed = try await retired()
        let expired = try await retired(seconds: 1)
        let retried = try await retired(seconds: 2)
        let replay = try await begin()
        let mails = [removed, expired, retried].map { again($0, replay) }
        _ = try await spool.store.remove(removed.id)
        let before = expired.receivedAt.advanced(bySeconds: 1)
        #expect(try await spool.store.expireContent(receivedBefore: before, limit: 9).count == 1)
        #expect(try await spool.store.move(retried.id, from: [.retired], to: .acting))
        let advance = try await spool.store.advance(step(replay, mails), at: spool.time.now())
        #expect(
            advance.obstacles == [
                mails[0].record.id: .removed, mails[1].record.id: .contentGone,
                mails[2].record.id: .unfinished,
            ])
        #expect(advance.replay?.progress.replayed == 0)
        #expect(advance.replay?.progress.left.values.reduce(0, +) == 3)
        for mail in mails { #expect(try await spool.store.mail(mail.record.id) == nil) }
    }

    @Test func aCancelledOneWritesNothing() async throws {
        let mail = try await retired()
        let replay = try await begin()
        _ = try await spool.store.cancel(replay: replay.number, at: spool.time.now())
        let advance = try await spool.store.advance(
            step(replay, [again(mail, replay)]), at: spool.time.now())
        #expect(advance.replay == nil)
        #expect(try await spool.store.list(MailFilter()).map(\.id) == [mail.id])
    }

    @Test func choosesByTimeAndRecipientAndNoReplays() async throws {
        let bob = try #require(Mailbox("bob_%@ours.example"))
        let first = try await retired()
        let second = try await retired(seconds: 10) { $0.envelope.recipients = [bob] }
        let third = try await retired(seconds: 20)
        let late = try await retired(seconds: 70)
        let replay = try await begin()
        _ = try await spool.store.advance(
            step(replay, [again(first, replay)]), at: spool.time.now())
        func chosen(
            after cursor: MailID? = nil, limit: Int = 9, _ change: (inout ReplayWish) -> Void
        ) async throws -> [MailID] {
            var wish = replay.wish
            change(&wish)
            return try await spool.store.mails(for: wish, after: cursor, limit: limit).map(\.id)
        }
        #expect(try await chosen { _ in } == [first.id, second.id, third.id])
        #expect(try await chosen(limit: 1) { _ in } == [first.id])
        #expect(try await chosen(after: first.id) { _ in } == [second.id, third.id])
        #expect(try await chosen { $0.receivedFrom = second.receivedAt } == [second.id, third.id])
        #expect(try await chosen { $0.receivedBefore = second.receivedAt } == [first.id])
        #expect(try await chosen { $0.recipient = "B_%@OURS" } == [second.id])
        #expect(try await chosen { $0.recipient = "x_" } == [])
        #expect(late.id > replay.wish.before, "what comes meanwhile is not chosen")
    }
}
