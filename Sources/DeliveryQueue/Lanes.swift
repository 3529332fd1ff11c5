import MailModel
import NIOCore
import Storage

/// One recipient in memory, on its way.
struct QueueItem: Sendable {
    var queued: QueuedRecipient
    /// The bytes after the head, where they came through memory and are still there.
    var body: MailContent?

    var key: SentRecipient.Key { queued.recipient.key }

    /// Bytes of the body that it keeps in memory.
    var bodyBytes: Int {
        if case .bytes(let bytes) = body { bytes.readableBytes } else { 0 }
    }
}

/// The destinations at work, and who may be tried next: fair between destinations, bounded for
/// each. Without clocks and tasks.
struct Lanes {
    /// One destination at work.
    final class Lane {
        var record: DestinationRecord
        var waiting = CircularBuffer<QueueItem>()
        var atWork = 0
        /// Tries at once, at most; grows with success, shrinks where less is asked for.
        var width: Int
        /// Before it no further try begins.
        var startsAt = Timestamp(milliseconds: 0)
        /// Others may be due in the store.
        var mayHaveMore: Bool
        var isFetching = false
        /// Rows were changed while it was fetching: what it has found may be old.
        var isFetchStale = false
        /// It failed as a whole since it came here: nobody else is tried, and it rests when those
        /// at work have ended.
        var isFailing = false
        /// It has taken or refused a mail since it came here.
        var hasAnswered = false
        /// Tries that failed for the whole of it, one after another.
        var failuresInARow = 0
        /// Mails that it took or refused since its width last changed.
        private var answers = 0
        /// It was asked for less: more comes back slowly.
        private var isCareful = false
        private static let carefulRounds = 10
        /// Its end is being written: nothing comes in any more, and it is not opened again.
        var isEnding = false

        init(record: DestinationRecord, width: Int, mayHaveMore: Bool) {
            self.record = record
            self.width = width
            self.mayHaveMore = mayHaveMore
        }

        /// One that serves others is not down for a connection that breaks, and those at work may
        /// tell that it does.
        var isDown: Bool {
            isFailing || (hasAnswered ? failuresInARow > width : atWork == 0)
        }

        func narrow() {
            width = max(width / 2, 1)
            answers = 0
            isCareful = true
        }

        /// By one for each round of answers.
        func widen(to widthMax: Int) {
            answers += 1
            guard answers >= width * (isCareful ? Self.carefulRounds : 1) else { return }
            answers = 0
            width = min(width + 1, widthMax)
        }

        var isIdle: Bool { waiting.isEmpty && atWork == 0 && !isFetching }
    }

    /// What is to be done once a try has ended.
    enum Need: Equatable {
        case nothing
        /// More of the destination may be due.
        case fetch
        /// Nobody of it is at work any more.
        case settle(DestinationRecord)
    }

    private let limits: DeliveryLimits
    private(set) var lanes: [String: Lane] = [:]
    /// Destinations somebody of which may be tried, in turn; each at most once.
    private var turn: [String] = []
    private var inTurn: Set<String> = []
    private(set) var claimed: Set<SentRecipient.Key> = []
    /// Of bodies that are kept in memory.
    private var bodyBytes = 0
    /// Destinations that rest, as far as memory knows.
    private var resting: [String: Timestamp] = [:]

    init(limits: DeliveryLimits) {
        self.limits = limits
    }

    var names: Set<String> { Set(lanes.keys) }
    var isFull: Bool { lanes.count >= limits.destinationsMax }
    /// Destinations somebody of which may be tried.
    var readyCount: Int { turn.count }

    /// Tries in a row that the destination failed as a whole.
    func failures(of name: String) -> Int {
        lanes[name].map { $0.isFailing ? $0.record.failures - 1 : $0.record.failures } ?? 0
    }

    func hasNext(now: Timestamp) -> Bool {
        turn.contains { name in
            guard let lane = lanes[name] else { return false }
            return !lane.waiting.isEmpty && !lane.isFailing && lane.atWork < lane.width
                && lane.startsAt <= now
        }
    }

    var atWork: Int { lanes.values.reduce(0) { $0 + $1.atWork } }

    // MARK: In

    /// A mail just taken: into its destination's lane, where there is room and it does not rest.
    /// Whoever is not taken here is found in the store later.
    mutating func offer(_ item: QueueItem, now: Timestamp) -> Bool {
        let name = item.queued.recipient.destination
        if let until = resting[name] {
            if until > now { return false }
            resting[name] = nil
        }
        if lanes[name] == nil {
            guard !isFull else { return false }
            open(DestinationRecord(name: name, dueAt: now), mayHaveMore: false)
        }
        guard let lane = lanes[name] else { return false }
        guard !lane.isFailing, !lane.isEnding, lane.waiting.count < limits.waitingMax,
            claimed.insert(item.key).inserted
        else {
            lane.mayHaveMore = true
            return false
        }
        var item = item
        if bodyBytes + item.bodyBytes > limits.bodyBytesMax { item.body = nil }
        bodyBytes += item.bodyBytes
        lane.waiting.append(item)
        enqueue(name)
        return true
    }

    /// A destination that is due and not at work: it is fetched next.
    mutating func open(_ record: DestinationRecord, mayHaveMore: Bool = true) {
        resting[record.name] = nil
        lanes[record.name] = Lane(
            record: record,
            // One that failed as a whole is tried by one mail first.
            width: record.failures > 0 ? 1 : min(limits.widthStart, limits.widthMax),
            mayHaveMore: mayHaveMore)
    }

    /// Says how many rows to ask for; nil where somebody does already or nothing is wanted.
    mutating func beginFetch(_ name: String) -> Int? {
        guard let lane = lanes[name], lane.mayHaveMore, !lane.isFetching, !lane.isFailing,
            !lane.isEnding, lane.waiting.isEmpty
        else { return nil }
        lane.isFetching = true
        return limits.fetchMax + lane.atWork
    }

    /// What the store has for `name`, of which `asked` rows were asked for.
    mutating func endFetch(_ name: String, _ found: [QueueItem], asked: Int) -> Need {
        guard let lane = lanes[name] else { return .nothing }
        lane.isFetching = false
        lane.mayHaveMore = found.count >= asked || lane.isFetchStale
        if lane.isFetchStale {
            lane.isFetchStale = false
        } else if !lane.isFailing {
            for item in found where claimed.insert(item.key).inserted { lane.waiting.append(item) }
            if !lane.waiting.isEmpty { enqueue(name) }
        }
        return need(name)
    }

    // MARK: Out

    /// The next try, which begins now.
    mutating func next(now: Timestamp) -> QueueItem? {
        for _ in 0..<turn.count {
            let name = turn.removeFirst()
            inTurn.remove(name)
            guard let lane = lanes[name], !lane.isFailing, lane.atWork < lane.width else {
                continue
            }
            guard lane.startsAt <= now else {
                enqueue(name)
                continue
            }
            guard let item = lane.waiting.popFirst() else { continue }
            lane.atWork += 1
            if let gap = limits.gapMilliseconds(name) {
                lane.startsAt = Timestamp(milliseconds: now.milliseconds + gap)
            }
            if !lane.waiting.isEmpty { enqueue(name) }
            return item
        }
        return nil
    }

    /// A try has ended and is written. `problem` is what was wrong with the destination as a whole,
    /// `asksForLess` what it said to how much comes.
    mutating func ended(
        _ item: QueueItem, problem: DeliveryProblem?, asksForLess: Bool, rest: Timestamp?
    ) -> Need {
        forget(item)
        let name = item.queued.recipient.destination
        guard let lane = lanes[name] else { return .nothing }
        lane.atWork -= 1
        if let problem, let rest {
            lane.failuresInARow += 1
            guard lane.isDown else {
                lane.narrow()
                if !lane.waiting.isEmpty { enqueue(name) }
                return need(name)
            }
            // Those that were at work at the same time say the same once more.
            if !lane.isFailing { lane.record.failures += 1 }
            lane.isFailing = true
            lane.record.restsUntil = rest
            lane.record.detail = problem.detail
            for waiting in lane.waiting { forget(waiting) }
            lane.waiting.removeAll()
        } else if asksForLess {
            lane.narrow()
        } else if !lane.isFailing {
            lane.hasAnswered = true
            lane.failuresInARow = 0
            lane.record.failures = 0
            lane.record.restsUntil = nil
            lane.record.detail = nil
            lane.widen(to: limits.widthMax)
        }
        if !lane.waiting.isEmpty { enqueue(name) }
        return need(name)
    }

    /// The lane's end was written, or could not be: then its row says that it is due.
    mutating func close(_ record: DestinationRecord) {
        lanes[record.name] = nil
        guard let rest = record.restsUntil, resting.count < limits.restingMax else { return }
        resting[record.name] = rest
    }

    /// Operators want it tried now.
    mutating func wake(_ name: String) { resting[name] = nil }

    /// Takes recipients out of the lanes' hands: nobody tries them until they are given back.
    /// Answers those that it has; the others are being tried at this moment.
    mutating func withdraw(_ places: [SentPlace]) -> [SentPlace] {
        var wanted = Set(places.filter { !claimed.contains($0.key) })
        for (name, places) in Dictionary(grouping: places, by: \.destination) {
            guard let lane = lanes[name], !lane.waiting.isEmpty else { continue }
            let keys = Set(places.map(\.key))
            for item in lane.waiting where keys.contains(item.key) {
                bodyBytes -= item.bodyBytes
                wanted.insert(SentPlace(key: item.key, destination: name))
            }
            lane.waiting.removeAll { keys.contains($0.key) }
        }
        for place in wanted { claimed.insert(place.key) }
        return places.filter { wanted.contains($0) }
    }

    /// Their rows say what is to be done with them now.
    mutating func giveBack(_ places: [SentPlace]) -> [(name: String, need: Need)] {
        for place in places { claimed.remove(place.key) }
        return Set(places.map(\.destination)).map { name in
            if let lane = lanes[name] {
                lane.mayHaveMore = true
                lane.isFetchStale = lane.isFetching
            }
            return (name, need(name))
        }
    }

    private mutating func need(_ name: String) -> Need {
        guard let lane = lanes[name] else { return .nothing }
        if lane.waiting.isEmpty, lane.mayHaveMore, !lane.isFailing, !lane.isFetching {
            return .fetch
        }
        guard lane.isIdle, !lane.isEnding else { return .nothing }
        lane.isEnding = true
        return .settle(lane.record)
    }

    private mutating func forget(_ item: QueueItem) {
        claimed.remove(item.key)
        bodyBytes -= item.bodyBytes
    }

    private mutating func enqueue(_ name: String) {
        if inTurn.insert(name).inserted { turn.append(name) }
    }
}

/// How much is at work at once. All at least one.
package struct DeliveryLimits: Sendable {
    /// Tries at once in all.
    package var triesMax: Int
    /// Destinations in memory.
    package var destinationsMax: Int
    /// Recipients of one destination that wait in memory.
    package var waitingMax: Int
    /// Bytes of bodies of mails just taken that are kept in memory until they are tried; others are
    /// read again.
    package var bodyBytesMax: Int
    /// Recipients that one look into the store brings.
    package var fetchMax: Int
    /// Tries at once for one destination: at first, and at most.
    package var widthStart: Int
    package var widthMax: Int
    /// Destinations that memory knows to rest; the store knows all.
    package var restingMax: Int
    /// Tries a minute for one destination, by its name; absent: as many as it takes.
    package var triesPerMinute: [String: Int]

    package init(
        triesMax: Int = 200, destinationsMax: Int = 1_000, waitingMax: Int = 500,
        bodyBytesMax: Int = 67_108_864, fetchMax: Int = 20, widthStart: Int = 5, widthMax: Int = 20,
        restingMax: Int = 50_000,
        triesPerMinute: [String: Int] = [:]
    ) {
        self.triesMax = triesMax
        self.destinationsMax = destinationsMax
        self.waitingMax = waitingMax
        self.bodyBytesMax = bodyBytesMax
        self.fetchMax = fetchMax
        self.widthStart = widthStart
        self.widthMax = widthMax
        self.restingMax = restingMax
        self.triesPerMinute = triesPerMinute
    }

    /// Between the beginnings of two tries.
    func gapMilliseconds(_ destination: String) -> Int64? {
        triesPerMinute[destination].map { 60_000 / Int64(max($0, 1)) }
    }
}
