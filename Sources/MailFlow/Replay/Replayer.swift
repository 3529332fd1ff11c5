package import MailModel
import NIOCore
import ServiceLifecycle
package import Storage
import Synchronization

/// The port to the mail log, as far as replays go.
package protocol ReplayLog: Sendable {
    func replayed(_ mail: MailRecord)
    /// `candidate.obstacle` says why.
    func notReplayed(_ candidate: ReplayCandidates.Candidate, replay: Int)
    /// `reason`: for people; told once, until it is another.
    func waits(_ replay: ReplayRecord, because reason: String)
    func ended(_ replay: ReplayRecord)
}

/// Puts the mails of the open replay on their way, batch by batch. A batch's rows and how far the
/// replay has come are written as one, so that each mail is run again once, whenever the process
/// ends; the next start goes on.
///
/// The mails are due like others that the runner fetches from the store, and few at a time: mail that
/// comes meanwhile does not wait behind all of them.
package final class Replayer: Sendable {
    /// Mails whose actions are due, up to which further ones are put on their way.
    static let waitingMax = 2_000
    /// Batches of one turn: the end of the process waits for no more.
    private static let batchesMax = 20

    private let store: any MailStore & ReplayStore
    private let bodies: any BodyFiles
    package let candidates: ReplayCandidates
    private let room: any SpoolRoom
    /// Mails of buckets with more bytes than this are put into body files.
    private let thresholdBytes: Int
    private let time: any TimeSource
    private let random: any RandomSource
    private let log: any ReplayLog
    /// Nil while nothing is waited for.
    private let waiting = Mutex<Waiting?>(nil)

    private struct Waiting: Equatable {
        let replay: Int
        let reason: String
    }

    package init(
        store: any MailStore & ReplayStore, bodies: any BodyFiles, candidates: ReplayCandidates,
        room: any SpoolRoom, bodyFileThresholdBytes: Int, time: any TimeSource,
        random: any RandomSource, log: any ReplayLog
    ) {
        self.store = store
        self.bodies = bodies
        self.candidates = candidates
        self.room = room
        thresholdBytes = bodyFileThresholdBytes
        self.time = time
        self.random = random
        self.log = log
    }

    /// Why `replay` does not go on now; nil where it does, or has ended.
    package func waitingReason(of replay: ReplayRecord) -> String? {
        guard replay.endedAt == nil else { return nil }
        return waiting.withLock { $0?.replay == replay.number ? $0?.reason : nil }
    }

    /// Goes on with the open replay, as far as there is room for its mails now.
    package func turn() async throws(StorageFailure) {
        for _ in 0..<Self.batchesMax {
            guard let replay = try await store.openReplay() else { return }
            let due = try await store.dueCount(at: time.now(), limit: Self.waitingMax)
            guard due < Self.waitingMax, !Task.isShuttingDownGracefully,
                try await goOn(replay)
            else { return }
        }
    }

    /// Says whether there is more to do now.
    private func goOn(_ replay: ReplayRecord) async throws(StorageFailure) -> Bool {
        guard let page = try await possiblePage(of: replay) else { return false }
        var batch: Batch
        do throws(StorageFailure) {
            batch = try self.batch(of: page, replay)
        } catch {
            // Neither what lies in a bucket nor the disk below us is asked each second for the log alone.
            guard error.mayPass else { throw error }
            noteWaiting(replay, for: "\(error)")
            return false
        }
        let advance: ReplayAdvance
        do throws(StorageFailure) {
            advance = try await store.advance(batch.step, at: time.now())
        } catch {
            // After a failed sync the rows may stand all the same: recovery decides.
            if !error.isSyncFailure { unlink(batch.step.mails) }
            throw error
        }
        guard let now = advance.replay else {
            unlink(batch.step.mails)
            return false
        }
        noteWaiting(replay, for: nil)
        unlink(batch.step.mails.filter { advance.obstacles[$0.record.id] != nil })
        for (mail, var candidate) in zip(batch.step.mails, batch.run) {
            if let obstacle = advance.obstacles[mail.record.id] {
                candidate.obstacle = obstacle
                batch.left.append(candidate)
            } else {
                log.replayed(mail.record)
            }
        }
        for candidate in batch.left { log.notReplayed(candidate, replay: now.number) }
        if now.endedAt != nil { log.ended(now) }
        return now.endedAt == nil
    }

    /// What comes next; nil where that has to wait, for what the log says.
    private func possiblePage(
        of replay: ReplayRecord
    ) async throws(StorageFailure) -> ReplayCandidates.Page? {
        // What is on another server is not asked for in vain.
        let roomBytes = replay.wish.bucket == nil ? 0 : BucketMails.pageBytesMax
        guard room.hasRoom(forBytes: roomBytes) else {
            noteWaiting(replay, for: Self.noRoom)
            return nil
        }
        let page = try await page(of: replay)
        // It may have been cut short.
        guard !Task.isShuttingDownGracefully else { return nil }
        var reason = page.candidates.isEmpty ? page.waitsFor : nil
        if !room.hasRoom(forBytes: page.newBytes) { reason = Self.noRoom }
        guard let reason else { return page }
        noteWaiting(replay, for: reason)
        return nil
    }

    private static let noRoom = "the disk has no room"

    /// The end of the process waits for no bucket.
    private func page(
        of replay: ReplayRecord
    ) async throws(StorageFailure) -> ReplayCandidates.Page {
        let result = await cancelWhenGracefulShutdown {
            [candidates] () async -> Result<ReplayCandidates.Page, StorageFailure> in
            do throws(StorageFailure) {
                return .success(
                    try await candidates.page(
                        of: replay.wish, after: replay.progress.cursor, in: replay.number))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// What is written together, and of which candidates.
    private struct Batch {
        var step: ReplayStep
        /// Of each of its mails.
        var run: [ReplayCandidates.Candidate] = []
        var left: [ReplayCandidates.Candidate] = []
    }

    /// Body files of its mails are finished. Where it throws, nothing is left of it.
    private func batch(
        of page: ReplayCandidates.Page, _ replay: ReplayRecord
    ) throws(StorageFailure) -> Batch {
        var batch = Batch(
            step: ReplayStep(
                replay: replay.number, mails: [], obstacles: [], cursor: page.cursor,
                isLast: page.isLast))
        do throws(StorageFailure) {
            for var candidate in page.candidates {
                if candidate.obstacle == nil, let source = candidate.record {
                    let record = next(
                        source, candidate.mail == nil ? nil : candidate.object, replay)
                    if let mail = try mail(record, source.id, &candidate) {
                        batch.step.mails.append(mail)
                        batch.run.append(candidate)
                        continue
                    }
                }
                batch.left.append(candidate)
            }
        } catch {
            unlink(batch.step.mails)
            throw error
        }
        batch.step.obstacles = batch.left.compactMap(\.obstacle)
        return batch
    }

    /// The row that `source` is run again as.
    private func next(
        _ source: MailRecord, _ object: String?, _ replay: ReplayRecord
    ) -> MailRecord {
        let id = MailID(at: time.now(), random: random)
        var record = source
        record.id = id
        record.state = .acting
        record.ruleSetVersion = replay.wish.ruleSetVersion
        record.isUntaken = false
        record.waitsFor = nil
        record.replay = ReplayMark(
            replay: replay.number, original: source.replay?.original ?? source.id,
            messageID: replay.wish.isAsNew ? id : source.messageID, sends: replay.wish.sends,
            object: object)
        return record
    }

    // MARK: Bytes

    /// Nil where they are not there, as far as that is seen: `candidate` says so then.
    private func mail(
        _ record: MailRecord, _ source: MailID, _ candidate: inout ReplayCandidates.Candidate
    ) throws(StorageFailure) -> ReplayedMail? {
        guard let object = candidate.mail else {
            let mail = ReplayedMail(record: record, source: .mail(source))
            guard try link(source, as: record) else {
                candidate.obstacle = .damaged
                return nil
            }
            return mail
        }
        do throws(ObjectMail.Failure) {
            return try written(object, as: record)
        } catch {
            switch error {
            case .taking(let failure): throw failure
            case .reading(let detail):
                (candidate.obstacle, candidate.detail) = (.unreadable, detail)
                return nil
            }
        }
    }

    /// Says whether a body file that it has is there, without reading it.
    private func link(_ source: MailID, as record: MailRecord) throws(StorageFailure) -> Bool {
        guard record.bodyPlace == .file else { return true }
        do throws(StorageFailure) {
            try bodies.link(source, as: record.id)
            return true
        } catch {
            guard case .notFound = error else { throw error }
            return false
        }
    }

    private func written(
        _ object: ObjectMail, as draft: MailRecord
    ) throws(ObjectMail.Failure) -> ReplayedMail {
        var record = draft
        var checksum = Checksum()
        guard object.length > thresholdBytes else {
            var content = ByteBuffer()
            try object.read { piece throws(StorageFailure) in
                checksum.update(piece)
                content.writeImmutableBuffer(piece)
            }
            record.checksum = checksum.value
            return ReplayedMail(record: record, source: .object(content: content))
        }
        record.bodyPlace = .file
        let file: any BodyFileWriter
        do throws(StorageFailure) {
            file = try bodies.create(record.id)
        } catch {
            throw .taking(error)
        }
        do throws(ObjectMail.Failure) {
            try object.read { piece throws(StorageFailure) in
                checksum.update(piece)
                try file.write(piece)
            }
            do throws(StorageFailure) { try file.finish() } catch { throw .taking(error) }
        } catch {
            file.abandon()
            throw error
        }
        record.checksum = checksum.value
        return ReplayedMail(record: record, source: .object(content: nil))
    }

    private func unlink(_ mails: [ReplayedMail]) {
        bodies.remove(mails.filter { $0.record.bodyPlace == .file }.map(\.record.id))
    }

    // MARK: Waiting

    /// Says in the log what is waited for, once. Nil: nothing is.
    private func noteWaiting(_ replay: ReplayRecord, for reason: String?) {
        let now = reason.map { Waiting(replay: replay.number, reason: $0) }
        let isNews = waiting.withLock { last in
            defer { last = now }
            return last != now
        }
        if let reason, isNews { log.waits(replay, because: reason) }
    }
}

extension ReplayCandidates.Page {
    /// That its mails take of the disk: body files of the spool are linked.
    fileprivate var newBytes: Int {
        candidates.filter { $0.obstacle == nil }.reduce(0) { sum, candidate in
            let isLinked = candidate.mail == nil && candidate.record?.bodyPlace == .file
            return sum + (isLinked ? 0 : candidate.record?.totalLength ?? 0)
        }
    }
}
