import MailModel
import NIOCore
import Storage

/// One recipient in memory, on its way.
struct QueueItem: Sendable {
    var queued: QueuedRecipient
    /// When the suppression list was asked about it.
    var askedAt: Timestamp
    /// The bytes after the head, where they came through memory and are still there.
    var body: MailContent?

    var key: SentRecipient.Key { queued.recipient.key }

    /// Bytes of the mail that it keeps in memory.
    var bytes: Int {
        let head = queued.mail.head.readableBytes
        return if case .bytes(let body) = body { head + body.readableBytes } else { head }
    }
}

/// The destinations at work, and who may be tried next: fair between destinations, bounded for
/// each. Without clocks and tasks.
struct Lanes {
    /// What is to be done once a try has ended.
    enum Need: Equatable {
        case nothing
        /// More of the destination may be due.
        case fetch
        /// Nobody of it is at work any more.
        case settle(DestinationRecord)
    }

    /// What a try has shown of its destination.
    enum Finding {
        /// It was not asked, or not to the end.
        case nothing
        case answers
        /// It takes less at once than it was given.
        case asksForLess
        /// As a whole, and the mail's time is over: others whose time is over need no try.
        case failsLate(DeliveryProblem)
        /// As a whole: it is left alone until then.
        case fails(DeliveryProblem, until: Timestamp)
    }

    let limits: DeliveryLimits
    private(set) var lanes: [String: Lane] = [:]
    private var turns: Turns
    var claimed: Set<SentRecipient.Key> = []
    /// Of the mails that are kept in memory.
    var bytes = 0
    /// Destinations that are asked for more than one recipient now.
    var largeFetches = 0
    private var known: KnownDestinations
    /// Each with its minute's share used up; they are in no other turn.
    private var paced = WaitingTurns()

    init(limits: DeliveryLimits) {
        self.limits = limits
        turns = Turns(placesMax: limits.triesMax)
        known = KnownDestinations(countMax: limits.restingMax)
    }

    var names: Set<String> { Set(lanes.keys) }
    func has(_ name: String) -> Bool { lanes[name] != nil }
    var isFull: Bool { lanes.count >= limits.destinationsMax }
    /// Tries in a row that the destination failed as a whole.
    func failures(of name: String) -> Int {
        lanes[name].map { $0.isFailing ? $0.record.failures - 1 : $0.record.failures } ?? 0
    }

    var atWork: Int { turns.taken }

    // MARK: In

    /// A mail just taken: into its destination's lane, where there is room and it does not rest.
    /// Whoever is not taken here is found in the store later.
    mutating func offer(_ item: QueueItem, now: Timestamp) -> Bool {
        let name = item.queued.recipient.destination
        if known.isResting(name, now) { return false }
        var item = item
        // Its body can be read again; what has no room without it is found in the store.
        if bytes + item.bytes > limits.bytesMax { item.body = nil }
        let hasRoom = bytes + item.bytes <= limits.bytesMax
        if lanes[name] == nil {
            guard !isFull, hasRoom, let record = known.record(of: name, now) else { return false }
            open(record, mayHaveMore: record.failures > 0)
        }
        guard let lane = lanes[name] else { return false }
        guard !lane.isFailing, lane.waiting.count < limits.waitingMax, hasRoom,
            claimed.insert(item.key).inserted
        else {
            lane.mayHaveMore = true
            return false
        }
        lane.goesOn = lane.isEnding
        bytes += item.bytes
        lane.waiting.append(item)
        enqueue(name)
        return true
    }

    /// What the store knows of destinations that failed as a whole, before anything is offered and
    /// whenever `learnsAgain`: one more than `restingMax` where there are more; nil: it failed.
    mutating func learn(_ records: [DestinationRecord]?) {
        guard let records else { return known.learnNothing() }
        known.learn(records) { lanes[$0] != nil }
    }

    /// Whether the store is to be asked again which failed; then `learn` follows.
    mutating func learnsAgain(now: Timestamp) -> Bool { known.learnsAgain(now) }

    /// A destination that is due and not at work: it is fetched next.
    mutating func open(_ record: DestinationRecord, mayHaveMore: Bool = true) {
        lanes[record.name] = known.lane(for: record, limits, mayHaveMore: mayHaveMore)
    }

    // MARK: Out

    /// The next try, which begins now.
    mutating func next(now: Timestamp) -> QueueItem? {
        guard let standing = nextStanding(now), let name = turns.popFirst(standing),
            let lane = lanes[name]
        else { return nil }
        return begin(lane, now)
    }

    mutating func hasNext(now: Timestamp) -> Bool { nextStanding(now) != nil }

    /// Destinations somebody of which may be tried.
    mutating func readyCount(now: Timestamp) -> Int {
        endWaits(now)
        return turns.count
    }

    /// Whose turn it is: the first of that standing may begin.
    private mutating func nextStanding(_ now: Timestamp) -> Turns.Standing? {
        endWaits(now)
        // Once more, as some go to the turns of another standing, which were looked at before.
        for _ in 0..<2 {
            for standing in turns.order
            where turns.hasPlace(for: standing) && hasFirst(standing, now) { return standing }
        }
        return nil
    }

    /// Whether somebody of `standing` may begin; who may not by now and stands first is taken out.
    private mutating func hasFirst(_ standing: Turns.Standing, _ now: Timestamp) -> Bool {
        while let name = turns.first(standing) {
            let lane = lanes[name]
            if let lane, lane.mayBegin(at: now), lane.standing == standing { return true }
            _ = turns.popFirst(standing)
            guard let lane, lane.hasWork else { continue }
            if lane.startsAt > now {
                lane.isPaced = true
                paced.insert(name, until: lane.startsAt)
            } else {
                enqueue(name)
            }
        }
        return false
    }

    /// Whose minute's share has come stands among the others again.
    private mutating func endWaits(_ now: Timestamp) {
        while let name = paced.popDue(now) {
            guard let lane = lanes[name], lane.isPaced else { continue }
            lane.isPaced = false
            if lane.hasWork { enqueue(name) }
        }
    }

    private mutating func begin(_ lane: Lane, _ now: Timestamp) -> QueueItem? {
        let standing = lane.standing
        guard let item = lane.waiting.popFirst() else { return nil }
        turns.begin(standing, isProven: lane.isProven)
        lane.atWork += 1
        lane.startsAt = lane.pace.next(after: lane.startsAt, now: now)
        if !lane.waiting.isEmpty { enqueue(lane.record.name) }
        return item
    }

    /// Between the last answer of a destination at work and its being silent.
    private static let silenceSeconds: Int64 = 60

    /// Looks, now and then, for destinations at work that are silent: others come before them. What
    /// is over by now is forgotten.
    mutating func lookForSilence(now: Timestamp) {
        known.forgetWhatIsOver(now)
        for lane in lanes.values {
            if lane.wasHeard || lane.atWork == 0 {
                lane.wasHeard = false
                lane.quietSince = nil
            }
            guard lane.atWork > 0 else { continue }
            let since = lane.quietSince ?? now
            lane.quietSince = since
            if since.advanced(bySeconds: Self.silenceSeconds) <= now { mark(lane, isProven: false) }
        }
    }

    private mutating func mark(_ lane: Lane, isProven: Bool) {
        guard lane.isProven != isProven else { return }
        lane.isProven = isProven
        turns.change(toProven: isProven, tries: lane.atWork)
        if !lane.waiting.isEmpty { enqueue(lane.record.name) }
    }

    /// A try has ended: another may begin in its place while it is written. `finding` is what it has
    /// shown of the destination.
    mutating func ended(_ item: QueueItem, _ finding: Finding) {
        let name = item.queued.recipient.destination
        guard let lane = lanes[name] else { return }
        lane.atWork -= 1
        lane.unwritten += 1
        turns.end(isProven: lane.isProven)
        switch finding {
        case .nothing: break
        case .failsLate(let problem): lane.lateProblem = problem
        case .fails(let problem, let rest):
            lane.failuresInARow += 1
            guard lane.isDown else {
                lane.narrow()
                break
            }
            mark(lane, isProven: false)
            // Those that were at work at the same time say the same once more.
            if !lane.isFailing { lane.record.failures += 1 }
            lane.isFailing = true
            lane.record.restsUntil = rest
            lane.record.detail = problem.detail
            for waiting in lane.waiting { forget(waiting) }
            lane.waiting.removeAll()
        case .asksForLess:
            lane.wasHeard = true
            mark(lane, isProven: !lane.isFailing)
            lane.narrow()
        case .answers where lane.isFailing: break
        case .answers:
            lane.wasHeard = true
            mark(lane, isProven: true)
            lane.hasAnswered = true
            lane.failuresInARow = 0
            lane.lateProblem = nil
            lane.record.failures = 0
            lane.record.restsUntil = nil
            lane.record.detail = nil
            lane.widen()
        }
        if !lane.waiting.isEmpty { enqueue(name) }
    }

    /// The end of a try is written, or nothing is known of it.
    mutating func written(_ item: QueueItem) -> Need {
        forget(item)
        let name = item.queued.recipient.destination
        guard let lane = lanes[name] else { return .nothing }
        lane.unwritten -= 1
        if lane.isFetching { lane.changedMeanwhile.insert(item.key) }
        return need(name)
    }

    /// The lane's end was written, or could not be: then its row says that it is due. Where nobody
    /// waits for it, the store has forgotten it, and so does memory. A lane that somebody came into
    /// meanwhile stays: its end is written again.
    mutating func close(_ record: DestinationRecord, isForgotten: Bool = false) -> Need {
        if let lane = lanes[record.name], lane.goesOn {
            lane.goesOn = false
            lane.isEnding = false
            return need(record.name)
        }
        let lane = lanes.removeValue(forKey: record.name)
        known.close(record, lane, isForgotten: isForgotten)
        return .nothing
    }

    /// Operators want it tried now.
    mutating func wake(_ name: String) { known.endRest(of: name) }

    mutating func need(_ name: String) -> Need {
        guard let lane = lanes[name] else { return .nothing }
        if lane.wantsMore { return .fetch }
        guard lane.isIdle, !lane.isEnding else { return .nothing }
        lane.isEnding = true
        return .settle(lane.record)
    }

    private mutating func forget(_ item: QueueItem) {
        claimed.remove(item.key)
        bytes -= item.bytes
    }

    mutating func enqueue(_ name: String) {
        guard let lane = lanes[name], !lane.isPaced else { return }
        turns.enqueue(name, lane.standing)
    }
}
