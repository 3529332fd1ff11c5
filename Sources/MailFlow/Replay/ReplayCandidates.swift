package import MailModel
import RuleEngine
package import Storage

/// Which mails a replay is for, in their order, and why some of them cannot be run again.
package struct ReplayCandidates: Sendable {
    /// One mail that was chosen.
    package struct Candidate: Sendable {
        /// What the mail is known by.
        package var id: MailID
        /// Nil where it was removed since it was chosen, and of an object of which that is not known.
        package var record: MailRecord?
        package var obstacle: ReplayObstacle?
        /// More about the obstacle, for people.
        package var detail: String?
        /// The object that was chosen, `bucket/key`; nil for a mail of the spool.
        package var object: String?
        /// Its bytes; nil where those of the spool are run.
        package var mail: ObjectMail?
    }

    package struct Page: Sendable {
        package var candidates: [Candidate]
        /// Where the next page begins.
        package var cursor: String?
        package var isLast: Bool
        /// Why nothing behind `cursor` can be had now: it is worth another try.
        package var waitsFor: String?
    }

    /// Mails that are looked at for one page.
    package static let pageMax = 100

    private let store: any MailStore & ReplayStore
    private let bodies: any BodyFiles
    private let rules: ActiveRules
    private let facts: MailFactsReader
    private let objects: any ObjectSource
    private let listed = ListedObjects()
    private let mailBytesMax: Int

    /// `mailBytesMax`: of a mail that lies in a bucket, as it came.
    package init(
        store: any MailStore & ReplayStore, bodies: any BodyFiles, rules: ActiveRules,
        facts: MailFactsReader, objects: any ObjectSource, mailBytesMax: Int
    ) {
        self.store = store
        self.bodies = bodies
        self.rules = rules
        self.facts = facts
        self.objects = objects
        self.mailBytesMax = mailBytesMax
    }

    package var bucketNames: Set<String> { objects.bucketNames }

    /// The mails of `wish` behind `cursor`, which an earlier page gave. A page may be empty and not the
    /// last. `replay`: the one that they are looked at for; nil for who only asks.
    package func page(
        of wish: ReplayWish, after cursor: String?, in replay: Int?
    ) async throws(StorageFailure) -> Page {
        if let bucket = wish.bucket {
            return try await BucketMails(
                bucket: bucket, wish: wish, objects: objects, listed: listed, store: store,
                mailBytesMax: mailBytesMax
            ).page(after: cursor ?? "", in: replay)
        }
        return wish.ids.isEmpty
            ? try await chosen(wish, after: cursor.flatMap { MailID($0) }, in: replay)
            : try await named(wish, after: cursor.flatMap { Int($0) } ?? 0, in: replay)
    }

    /// The cursor is how many were looked at.
    private func named(
        _ wish: ReplayWish, after count: Int, in replay: Int?
    ) async throws(StorageFailure) -> Page {
        let ids = wish.ids.dropFirst(count).prefix(Self.pageMax)
        var candidates: [Candidate] = []
        for id in ids {
            candidates.append(
                try await Candidate(id, try await store.mail(id), store: store, in: replay))
        }
        let end = count + ids.count
        return Page(
            candidates: candidates, cursor: String(end), isLast: end >= wish.ids.count)
    }

    /// The cursor is the last mail that was looked at.
    private func chosen(
        _ wish: ReplayWish, after last: MailID?, in replay: Int?
    ) async throws(StorageFailure) -> Page {
        let records = try await store.mails(for: wish, after: last, limit: Self.pageMax)
        var candidates: [Candidate] = []
        for record in records {
            if let rule = wish.rule, try await !tookPart(rule, in: record) { continue }
            candidates.append(
                try await Candidate(record.id, record, store: store, in: replay))
        }
        return Page(
            candidates: candidates, cursor: (records.last?.id ?? last)?.text,
            isLast: records.count < Self.pageMax)
    }

    /// Whether the mail was taken by a rule called so when it came: by its journal or, where no action
    /// of the rule leaves anything there, by its trace.
    private func tookPart(
        _ rule: String, in record: MailRecord
    ) async throws(StorageFailure) -> Bool {
        let actions = try await store.actions(of: record.id)
        if actions.contains(where: { $0.key.rule == rule }) { return true }
        let evaluator = try await rules.evaluator(ofVersion: record.ruleSetVersion)
        guard let found = evaluator.ruleSet.rules.first(where: { $0.name == rule }),
            !found.actions.contains(where: \.isJournalled)
        else { return false }
        let standings = Dictionary(actions.map { ($0.key, $0) }) { first, _ in first }
        let traces = evaluator.trace(try await facts(of: record, evaluator)) { key in
            standings[key]?.standing
        }
        return traces.contains { $0.rule == rule && $0.answer == .took }
    }

    /// What cannot be read is not known.
    private func facts(
        of record: MailRecord, _ evaluator: RuleEvaluator
    ) async throws(StorageFailure) -> MailFacts {
        let content: MailContent? =
            switch record.bodyPlace {
            case .row: .bytes(try await store.content(of: record))
            case .file: .file(path: bodies.path(of: record.id), length: record.totalLength)
            case .expired: nil
            }
        return try facts.facts(of: record, content, for: evaluator.needs)
    }
}

extension ReplayCandidates.Candidate {
    /// A mail of the spool.
    init(
        _ id: MailID, _ record: MailRecord?, store: any ReplayStore, in replay: Int?
    ) async throws(StorageFailure) {
        self.id = id
        self.record = record
        guard let record else {
            obstacle = .removed
            return
        }
        obstacle = ReplayObstacle(record.state)
        if obstacle == nil, record.bodyPlace == .expired { obstacle = .contentGone }
        let original = record.replay?.original ?? record.id
        if obstacle == nil { obstacle = try await store.obstacle(to: original, in: replay) }
    }
}

extension ReceiptAction {
    /// Whether the journal has a row of it once it was reached.
    fileprivate var isJournalled: Bool {
        switch self {
        case .addHeader, .removeHeader, .reject, .drop, .stop(topic: nil): false
        case .store, .invoke, .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply, .tag,
            .quarantine, .stop:
            true
        }
    }
}
