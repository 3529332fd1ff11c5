package import MailModel
import ServiceLifecycle
package import Storage
import Synchronization

/// Takes mails that were accepted to their next hops: when, to whom, and again. RFC 5321 §4.5.4.1
///
/// A mail comes here from memory, right after its commit, or is found in the store when its
/// destination is due. What became of a try is written before its recipient counts as further; a
/// crash between the next hop's 250 and that makes the try again.
package final class DeliveryQueue: Service {
    /// Until the store is asked what is due, again.
    private static let lookMilliseconds: Int64 = 1_000
    /// Until what could not be written is written again.
    static let afterFailureMilliseconds: Int64 = 1_000
    /// How old the suppression list's answer about a mail may be when it is tried: most are tried at
    /// once, while a destination with a rate lets them wait for long.
    static let suppressionMilliseconds: Int64 = 5_000
    /// How long tries at work go on after the end was asked for.
    private static let graceMilliseconds: Int64 = 20_000

    struct State {
        var lanes: Lanes
        var isClosed = false
        var lastCount: Count?
        var sleepers: [CheckedContinuation<Void, Never>] = []
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    let state: Mutex<State>
    let limits: DeliveryLimits
    let store: any SendingStore & SuppressionStore
    let bodies: any BodyFiles
    let courier: any Courier
    let office: any DeliveryOffice
    let routes: RouteTable
    let plans: RetryPlans
    let time: any TimeSource
    let random: any RandomSource
    let pause: any Pause
    let log: any DeliveryLog
    let executor: (any TaskExecutor)?
    let wasClockSet: @Sendable () -> Bool
    let onUnwritten: @Sendable (StorageFailure) -> Void
    let onDeliveries: @Sendable () -> Void

    /// `executor`: whose threads may block; body files are read there. `wasClockSet`: the clock's word
    /// is no reason to give a mail back now. `onUnwritten` is called where the queue ends before what
    /// became of a try could be written. `onDeliveries` is called when the outbox has something new.
    package init(
        limits: DeliveryLimits = DeliveryLimits(),
        store: any SendingStore & SuppressionStore, bodies: any BodyFiles, courier: any Courier,
        office: any DeliveryOffice, routes: RouteTable,
        plans: RetryPlans = RetryPlans(), time: any TimeSource, random: any RandomSource,
        pause: any Pause, log: any DeliveryLog, executor: (any TaskExecutor)?,
        wasClockSet: @escaping @Sendable () -> Bool = { false },
        onUnwritten: @escaping @Sendable (StorageFailure) -> Void = { _ in },
        onDeliveries: @escaping @Sendable () -> Void
    ) {
        self.limits = limits
        self.store = store
        self.bodies = bodies
        self.courier = courier
        self.office = office
        self.routes = routes
        self.plans = plans
        self.time = time
        self.random = random
        self.pause = pause
        self.log = log
        self.executor = executor
        self.wasClockSet = wasClockSet
        self.onUnwritten = onUnwritten
        self.onDeliveries = onDeliveries
        state = Mutex(State(lanes: Lanes(limits: limits)))
    }

    /// Takes from the store which destinations rest, and how often they failed; before the first
    /// mail is offered.
    package func learn() async throws(StorageFailure) {
        let failing = try await store.failingDestinations(limit: limits.restingMax + 1)
        state.withLock { $0.lanes.learn(failing) }
    }

    /// Where memory had no room for all that rest, it may have by now.
    private func learnAgain() async throws(StorageFailure) {
        guard state.withLock({ $0.lanes.learnsAgain(now: time.now()) }) else { return }
        do throws(StorageFailure) {
            try await learn()
        } catch {
            state.withLock { $0.lanes.learn(nil) }
            throw error
        }
    }

    /// Takes a committed mail, and its reports, none of whose open recipients a list had when it was
    /// accepted: that may be a while ago, where it was looked into for viruses. Called from the
    /// writer's thread, never blocks. Who finds no room is found in the store.
    package func offer(_ sending: AcceptedSending) {
        let now = time.now()
        let body = sending.body.map(MailContent.bytes)
        let sleepers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.isClosed else { return [] }
            var taken = 0
            for recipient in sending.recipients where recipient.state == .queued {
                guard recipient.dueAt <= now else { continue }
                let item = QueueItem(
                    queued: QueuedRecipient(mail: sending.mail, recipient: recipient),
                    askedAt: sending.mail.acceptedAt, body: body)
                if state.lanes.offer(item, now: now) { taken += 1 }
            }
            return state.takeSleepers(taken)
        }
        for sleeper in sleepers { sleeper.resume() }
        for report in sending.reports { offer(report) }
    }

    /// Recipients that are tried at this moment.
    package var atWork: Int { state.withLock { $0.lanes.atWork } }

    // MARK: Running

    /// Until graceful shutdown; tries at work may go on for a while, then they are cut off. What is
    /// not written by then is tried again after the next start.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.work() }
                group.addTask {
                    await self.waitForClose()
                    await self.pause.forMilliseconds(Self.graceMilliseconds)
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.close()
        }
    }

    private func work() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<limits.triesMax { group.addTask { await self.runTries() } }
            group.addTask { await self.lookForDue() }
        }
    }

    private func runTries() async {
        while let item = await next() { await run(item) }
    }

    private func lookForDue() async {
        while !isClosed {
            do throws(StorageFailure) {
                try await openDue()
            } catch {
                // The end cuts it off.
                if !isClosed { log.journalFailed(error) }
            }
            // Whoever waits for its minute's share is looked at, too.
            wakeAll()
            await pause.forMilliseconds(Self.lookMilliseconds)
        }
    }

    private func openDue() async throws(StorageFailure) {
        let again = state.withLock { state in
            state.lanes.lookForSilence(now: time.now())
            return state.lanes.lookAgain(now: time.now())
        }
        for (name, need) in again { await see(to: need, name) }
        try await learnAgain()
        let (busy, room) = state.withLock { state in
            (state.lanes.names, limits.destinationsMax - state.lanes.names.count)
        }
        guard room > 0 else { return }
        let due = try await store.dueDestinations(at: time.now(), limit: room, excluding: busy)
        for record in due {
            let isNew = state.withLock { state -> Bool in
                guard !state.isClosed, !state.lanes.has(record.name) else {
                    return false
                }
                state.lanes.open(record)
                return true
            }
            if isNew { await see(to: .fetch, record.name) }
        }
    }

    /// Brings more of a destination into memory. Answers what it needs next.
    private func fetch(_ name: String) async -> Lanes.Need {
        guard let asked = state.withLock({ $0.lanes.beginFetch(name) }) else { return .nothing }
        let now = time.now()
        var found: [QueueItem] = []
        do throws(StorageFailure) {
            found = try await store.dueRecipients(of: name, at: now, limit: asked)
                .map { QueueItem(queued: $0, askedAt: now, body: nil) }
        } catch {
            log.journalFailed(error)
        }
        let need = state.withLock { $0.lanes.endFetch(name, found, asked: asked) }
        wakeAll()
        return need
    }

    /// Writes the end of a destination's lane. Answers what it needs next.
    private func settle(_ record: DestinationRecord) async -> Lanes.Need {
        if record.failures > 0 { log.rests(record) }
        var isForgotten = false
        do throws(StorageFailure) {
            isForgotten = try await !store.settle(record)
        } catch {
            log.journalFailed(error)
        }
        return state.withLock { $0.lanes.close(record, isForgotten: isForgotten) }
    }

    func see(to need: Lanes.Need, _ name: String) async {
        var need = need
        while true {
            switch need {
            case .nothing: return
            case .fetch: need = await fetch(name)
            case .settle(let record): need = await settle(record)
            }
        }
    }

    // MARK: Waiting

    private func next() async -> QueueItem? {
        while true {
            let (item, isClosed) = state.withLock { state -> (QueueItem?, Bool) in
                state.isClosed ? (nil, true) : (state.lanes.next(now: time.now()), false)
            }
            if isClosed { return nil }
            if let item { return item }
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    if state.isClosed || state.lanes.hasNext(now: time.now()) { return true }
                    state.sleepers.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        }
    }

    func wakeOne() {
        for sleeper in state.withLock({ $0.takeSleepers(1) }) { sleeper.resume() }
    }

    private func wakeAll() {
        let sleepers = state.withLock { state in
            state.takeSleepers(state.lanes.readyCount(now: time.now()))
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    private func close() {
        let sleepers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isClosed = true
            defer { (state.sleepers, state.closers) = ([], []) }
            return state.sleepers + state.closers
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    private func waitForClose() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state -> Bool in
                if !state.isClosed { state.closers.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }
}

extension DeliveryQueue.State {
    fileprivate mutating func takeSleepers(_ count: Int) -> [CheckedContinuation<Void, Never>] {
        let taken = Array(sleepers.suffix(count))
        sleepers.removeLast(taken.count)
        return taken
    }
}
