package import MailModel
package import Storage
import Synchronization

/// The port to the mail log, as far as replays go.
package protocol ReplayLog: Sendable {
    func replayed(_ mail: MailRecord)
    func notReplayed(_ mail: MailID, _ obstacle: ReplayObstacle, replay: Int)
    func waitsForRoom(_ replay: ReplayRecord)
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
    private let candidates: ReplayCandidates
    private let room: any SpoolRoom
    private let time: any TimeSource
    private let random: any RandomSource
    private let log: any ReplayLog
    private let isWaitingForRoom = Mutex(false)

    package init(
        store: any MailStore & ReplayStore, bodies: any BodyFiles, candidates: ReplayCandidates,
        room: any SpoolRoom, time: any TimeSource, random: any RandomSource, log: any ReplayLog
    ) {
        self.store = store
        self.bodies = bodies
        self.candidates = candidates
        self.room = room
        self.time = time
        self.random = random
        self.log = log
    }

    /// Goes on with the open replay, as far as there is room for its mails now.
    package func turn() async throws(StorageFailure) {
        for _ in 0..<Self.batchesMax {
            guard let replay = try await store.openReplay() else { return }
            let due = try await store.dueCount(at: time.now(), limit: Self.waitingMax)
            guard due < Self.waitingMax, try await goOn(replay) else { return }
        }
    }

    /// Says whether there is more to do now.
    private func goOn(_ replay: ReplayRecord) async throws(StorageFailure) -> Bool {
        let page = try await candidates.page(of: replay.wish, after: replay.progress.cursor)
        let sources = page.candidates.compactMap { $0.obstacle == nil ? $0.record : nil }
        guard hasRoom(for: sources, replay) else { return false }
        var step = ReplayStep(
            replay: replay.number, mails: [], obstacles: [], cursor: page.cursor,
            isLast: page.isLast)
        var left: [(MailID, ReplayObstacle)] = []
        for candidate in page.candidates {
            if let obstacle = candidate.obstacle {
                left.append((candidate.id, obstacle))
            } else if let source = candidate.record {
                let mail = next(source, replay)
                if try link(mail) {
                    step.mails.append(mail)
                } else {
                    left.append((source.id, .damaged))
                }
            }
        }
        step.obstacles = left.map(\.1)
        let advance: ReplayAdvance
        do throws(StorageFailure) {
            advance = try await store.advance(step, at: time.now())
        } catch {
            // After a failed sync the rows may stand all the same: recovery decides.
            if !error.isSyncFailure { unlink(step.mails) }
            throw error
        }
        guard let now = advance.replay else {
            unlink(step.mails)
            return false
        }
        unlink(step.mails.filter { advance.obstacles[$0.record.id] != nil })
        for (mail, obstacle) in left { log.notReplayed(mail, obstacle, replay: now.number) }
        for mail in step.mails {
            if let obstacle = advance.obstacles[mail.record.id] {
                log.notReplayed(mail.source, obstacle, replay: now.number)
            } else {
                log.replayed(mail.record)
            }
        }
        if now.endedAt != nil { log.ended(now) }
        return now.endedAt == nil
    }

    /// The row that `source` is run again as.
    private func next(_ source: MailRecord, _ replay: ReplayRecord) -> ReplayedMail {
        let id = MailID(at: time.now(), random: random)
        var record = source
        record.id = id
        record.state = .acting
        record.ruleSetVersion = replay.wish.ruleSetVersion
        record.isUntaken = false
        record.waitsFor = nil
        record.replay = ReplayMark(
            replay: replay.number, original: source.replay?.original ?? source.id,
            messageID: replay.wish.isAsNew ? id : source.messageID, sends: replay.wish.sends)
        return ReplayedMail(record: record, source: source.id)
    }

    /// Says whether the mail's bytes are there, as far as that is seen without reading them.
    private func link(_ mail: ReplayedMail) throws(StorageFailure) -> Bool {
        guard mail.record.bodyPlace == .file else { return true }
        do throws(StorageFailure) {
            try bodies.link(mail.source, as: mail.record.id)
            return true
        } catch {
            guard case .notFound = error else { throw error }
            return false
        }
    }

    private func unlink(_ mails: [ReplayedMail]) {
        bodies.remove(mails.filter { $0.record.bodyPlace == .file }.map(\.record.id))
    }

    private func hasRoom(for sources: [MailRecord], _ replay: ReplayRecord) -> Bool {
        let bytes = sources.filter { $0.bodyPlace == .row }.map(\.totalLength).reduce(0, +)
        let hasRoom = room.hasRoom(forBytes: bytes)
        let isNews = isWaitingForRoom.withLock { isWaiting in
            defer { isWaiting = !hasRoom }
            return !hasRoom && !isWaiting
        }
        if isNews { log.waitsForRoom(replay) }
        return hasRoom
    }
}
