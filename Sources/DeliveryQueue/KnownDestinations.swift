import MailModel
import Storage

/// What memory knows of destinations that nobody of is at work. The store knows all that failed.
struct KnownDestinations {
    /// Between two questions to the store, where memory does not know all that failed.
    private static let learnsAgainSeconds: Int64 = 300

    /// Of each kind that is kept.
    private let countMax: Int
    /// Those that failed as a whole when they were last at work.
    private var failing: [String: DestinationRecord] = [:]
    /// Whoever is not in `failing` has not failed.
    private var knowsAllFailing = true
    /// Not before it the store is asked again which failed.
    private var learnsAgainAt = Timestamp(milliseconds: 0)
    /// Those that were at work while the store is asked: what it answers of them may be from before.
    private var changedMeanwhile: Set<String>?
    /// Tries at once of those that asked for less.
    private var narrow: [String: Int] = [:]
    /// Those that answered when they were last at work.
    private var proven: Set<String> = []
    /// Before it nobody may begin, of those that have a rate.
    private var startsAt: [String: Timestamp] = [:]

    init(countMax: Int) { self.countMax = countMax }

    // MARK: Which failed

    /// The store's answer: one more than `countMax` where there are more. `isAtWork`: of whom the
    /// lanes know better.
    mutating func learn(_ records: [DestinationRecord], except isAtWork: (String) -> Bool) {
        let changed = changedMeanwhile ?? []
        changedMeanwhile = nil
        var learnt = failing.filter { changed.contains($0.key) }
        for record in records where !changed.contains(record.name) && !isAtWork(record.name) {
            guard learnt.count < countMax else { break }
            learnt[record.name] = record
        }
        failing = learnt
        // Whoever came while the store was asked found room, or it is asked once more.
        knowsAllFailing = records.count <= countMax && changed.count + records.count <= countMax
    }

    /// Whether the store is to be asked now: memory had no room for all, and by now it may have.
    /// Then `learn` follows, or `learnNothing`.
    mutating func learnsAgain(_ now: Timestamp) -> Bool {
        guard !knowsAllFailing, changedMeanwhile == nil, learnsAgainAt <= now else { return false }
        learnsAgainAt = now.advanced(bySeconds: Self.learnsAgainSeconds)
        changedMeanwhile = []
        return true
    }

    /// The store did not answer.
    mutating func learnNothing() { changedMeanwhile = nil }

    func isResting(_ name: String, _ now: Timestamp) -> Bool {
        failing[name]?.restsUntil.map { $0 > now } ?? false
    }

    /// Nil where the store alone knows.
    func record(of name: String, _ now: Timestamp) -> DestinationRecord? {
        if let known = failing[name] { return known }
        return knowsAllFailing ? DestinationRecord(name: name, dueAt: now) : nil
    }

    mutating func endRest(of name: String) { failing[name]?.restsUntil = nil }

    // MARK: To work and back

    /// Makes its lane, which knows it from now on.
    mutating func lane(
        for record: DestinationRecord, _ limits: DeliveryLimits, mayHaveMore: Bool
    ) -> Lanes.Lane {
        let name = record.name
        failing[name] = nil
        let width = narrow.removeValue(forKey: name)
        let lane = Lanes.Lane(
            record: record, pace: limits.paces.pace(for: name),
            // One that failed as a whole is tried by one mail first.
            width: record.failures > 0 ? 1 : width ?? limits.widthStart,
            mayHaveMore: mayHaveMore)
        lane.isCareful = width != nil
        lane.wasProven = proven.contains(name)
        if let time = startsAt.removeValue(forKey: name) { lane.startsAt = time }
        return lane
    }

    /// `record` is what was written of it; nobody waits for it where it `isForgotten`.
    mutating func close(_ record: DestinationRecord, _ lane: Lanes.Lane?, isForgotten: Bool) {
        if let lane { keep(lane) }
        changedMeanwhile?.insert(record.name)
        guard record.failures > 0, !isForgotten else { return }
        guard failing.count < countMax else {
            knowsAllFailing = false
            return
        }
        failing[record.name] = record
    }

    private mutating func keep(_ lane: Lanes.Lane) {
        let name = lane.record.name
        if lane.pace.triesPerMinuteMax != nil { startsAt[name] = lane.startsAt }
        if lane.isCareful {
            if narrow.count >= countMax { narrow.removeAll() }
            narrow[name] = lane.width
        }
        if lane.isProven {
            if proven.count >= countMax { proven.removeAll() }
            proven.insert(name)
        } else if lane.isFailing {
            proven.remove(name)
        }
    }

    mutating func forgetWhatIsOver(_ now: Timestamp) {
        startsAt = startsAt.filter { $0.value > now }
    }
}
