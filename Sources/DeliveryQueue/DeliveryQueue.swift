package import MailModel
import NIOCore
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
    private static let afterFailureMilliseconds: Int64 = 1_000
    /// How long tries at work go on after the end was asked for.
    private static let graceMilliseconds: Int64 = 20_000

    struct State {
        var lanes: Lanes
        var isClosed = false
        var sleepers: [CheckedContinuation<Void, Never>] = []
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    let state: Mutex<State>
    private let limits: DeliveryLimits
    let store: any SendingStore
    let bodies: any BodyFiles
    private let courier: any Courier
    private let office: any DeliveryOffice
    private let routes: RouteTable
    private let plans: RetryPlans
    let time: any TimeSource
    private let random: any RandomSource
    private let pause: any Pause
    let log: any DeliveryLog
    private let executor: (any TaskExecutor)?
    private let onDeliveries: @Sendable () -> Void

    /// `executor`: whose threads may block; body files are read there. `onDeliveries` is called when
    /// the outbox has something new.
    package init(
        limits: DeliveryLimits = DeliveryLimits(), store: any SendingStore, bodies: any BodyFiles,
        courier: any Courier, office: any DeliveryOffice, routes: RouteTable,
        plans: RetryPlans = RetryPlans(), time: any TimeSource, random: any RandomSource,
        pause: any Pause, log: any DeliveryLog, executor: (any TaskExecutor)?,
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

    /// Takes a committed mail, and its reports; called from the writer's thread, never blocks. Who
    /// finds no room is found in the store.
    package func offer(_ sending: AcceptedSending) {
        let now = time.now()
        let body = sending.body.map(MailContent.bytes)
        let sleepers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.isClosed else { return [] }
            var taken = 0
            for recipient in sending.recipients where recipient.state == .queued {
                guard recipient.dueAt <= now else { continue }
                let item = QueueItem(
                    queued: QueuedRecipient(mail: sending.mail, recipient: recipient), body: body)
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
            if isNew { await fetch(record.name) }
        }
    }

    /// Brings more of a destination into memory.
    private func fetch(_ name: String) async {
        guard let asked = state.withLock({ $0.lanes.beginFetch(name) }) else { return }
        var found: [QueueItem] = []
        do throws(StorageFailure) {
            found = try await store.dueRecipients(of: name, at: time.now(), limit: asked)
                .map { QueueItem(queued: $0, body: nil) }
        } catch {
            log.journalFailed(error)
        }
        let need = state.withLock { $0.lanes.endFetch(name, found, asked: asked) }
        wakeAll()
        await see(to: need, name)
    }

    func see(to need: Lanes.Need, _ name: String) async {
        switch need {
        case .nothing: break
        case .fetch: await fetch(name)
        case .settle(let record):
            if record.failures > 0 { log.rests(record) }
            var isForgotten = false
            do throws(StorageFailure) {
                isForgotten = try await !store.settle(record)
            } catch {
                log.journalFailed(error)
            }
            state.withLock { $0.lanes.close(record, isForgotten: isForgotten) }
        }
    }

    // MARK: One try

    private func run(_ item: QueueItem) async {
        let ending = await ending(of: item)
        let finding = finding(ending, item)
        state.withLock { $0.lanes.ended(item, finding) }
        wakeOne()
        if let ending {
            log.ended(ending, of: item.queued)
            await write(ending, item)
        }
        let need = state.withLock { $0.lanes.written(item) }
        await see(to: need, item.queued.recipient.destination)
    }

    /// How the try ended; nil where it was cut off, or its bytes are damaged, and nothing is known.
    private func ending(of item: QueueItem) async -> TryEnding? {
        let recipient = item.queued.recipient
        if let suppression = item.queued.suppression { return .suppressed(suppression) }
        let now = time.now()
        guard recipient.expiresAt > now else { return .expired(nil, nil) }
        guard let route = routes.route(for: recipient.destination) else {
            return deferred(.noRoute(recipient.destination), nil, item)
        }
        let content: MailContent
        do throws(StorageFailure) {
            content = try await body(of: item)
        } catch {
            return await setAside(item, error)
        }
        let attempt = await courier.deliver(mail(item.queued, content), by: route)
        switch attempt.outcome {
        case .delivered(let reply): return .delivered(reply, attempt)
        case .failed(let problem): return .failed(problem, attempt)
        case .deferred(let problem):
            return Task.isCancelled ? nil : deferred(problem, attempt, item)
        }
    }

    /// What the try has shown of its destination; `ending` is nil where it was cut off.
    private func finding(_ ending: TryEnding?, _ item: QueueItem) -> Lanes.Finding {
        switch ending {
        case .deferred(let problem, _, let next) where problem.subject == .destination:
            // The mail may have waited for longer, and then it does again; others need not.
            .fails(problem, until: min(next, rest(of: item.queued.recipient.destination)))
        case .deferred(let problem, _, _) where problem.isOurs: .nothing
        case .deferred(let problem, _, _) where problem.asksForLess: .asksForLess
        case .delivered, .failed, .deferred: .answers
        case .expired, .suppressed, .returned, nil: .nothing
        }
    }

    private func rest(of name: String) -> Timestamp {
        let failures = state.withLock { $0.lanes.failures(of: name) }
        return plans.plan(for: name).next(after: failures + 1, now: time.now(), random: random)
    }

    private func deferred(
        _ problem: DeliveryProblem, _ attempt: DeliveryAttempt?, _ item: QueueItem
    ) -> TryEnding {
        let recipient = item.queued.recipient
        let plan = plans.plan(for: recipient.destination)
        let failures = state.withLock { $0.lanes.failures(of: recipient.destination) }
        // A destination that takes others' mails, and says at each of this one's that it takes none
        // now, does not rest: then the mail waits longer each time.
        let tries =
            problem.subject == .destination
            ? max(failures, plan.tries(before: recipient)) + 1 : recipient.attempts + 1
        let next = plan.next(after: tries, now: time.now(), random: random)
        let attempt = attempt ?? DeliveryAttempt(.deferred(problem))
        // Looked at once more at the end of its time, to bounce.
        let last = recipient.expiresAt
        guard time.now() < last else { return .expired(problem, attempt) }
        return .deferred(problem, attempt, next: min(next, last))
    }

    private func body(of item: QueueItem) async throws(StorageFailure) -> MailContent {
        if let body = item.body { return body }
        let mail = item.queued.mail
        switch mail.bodyPlace {
        case .row: return .bytes(try await store.body(of: mail))
        case .file:
            // Once a byte of it is on its way it cannot be taken back.
            try await withTaskExecutorPreference(executor) { () throws(StorageFailure) in
                try bodies.check(mail)
            }
            return .file(path: bodies.path(of: mail.bodyID), length: mail.bodyLength)
        case .expired: throw .damaged("sent mail \(mail.id) has no bytes any more")
        }
    }

    private func mail(_ queued: QueuedRecipient, _ body: MailContent) -> OutgoingMail {
        OutgoingMail(
            id: queued.mail.id.text, reversePath: office.returnPath(of: queued),
            recipient: queued.recipient.address, content: [.bytes(queued.mail.head), body],
            is8Bit: queued.mail.is8Bit, isSMTPUTF8: queued.mail.isSMTPUTF8, tls: queued.mail.tls,
            notification: queued.recipient.notification, pool: queued.mail.pool)
    }

    /// A mail whose bytes are not what was taken is not sent: an operator has to look.
    private func setAside(_ item: QueueItem, _ failure: StorageFailure) async -> TryEnding? {
        guard !failure.mayPass else {
            log.journalFailed(failure)
            // One file on a bad place of the disk holds up no other mail.
            if item.queued.mail.bodyPlace == .file {
                return deferred(.unreadable(failure), nil, item)
            }
            await pause.forMilliseconds(Self.afterFailureMilliseconds)
            return nil
        }
        log.damaged(item.queued, failure)
        var recipient = item.queued.recipient
        recipient.state = .held
        recipient.detail = "\(failure)"
        await write([SendingProgress(recipient: recipient)])
        return nil
    }

    // MARK: The journal

    private func write(_ ending: TryEnding, _ item: QueueItem) async {
        let progress = await progress(of: ending, for: item.queued)
        await write([progress])
        follow([progress])
    }

    /// What is written of an ending, all in one commit.
    func progress(of ending: TryEnding, for queued: QueuedRecipient) async -> SendingProgress {
        let body = ending.isFailure ? await returnedBody(of: queued) : nil
        let consequences = office.consequences(of: ending, for: queued, returning: body)
        return SendingProgress(
            recipient: queued.recipient.after(ending, at: time.now()),
            deliveries: consequences.deliveries, suppressions: consequences.suppressions,
            reports: consequences.reports)
    }

    private func returnedBody(of queued: QueuedRecipient) async -> ByteBuffer? {
        await withTaskExecutorPreference(executor) {
            await store.returnedBody(of: queued, bodies)
        }
    }

    /// What is written is told, and reports go on their way.
    func follow(_ progress: [SendingProgress]) {
        if progress.contains(where: { !$0.deliveries.isEmpty }) { onDeliveries() }
        for report in progress.flatMap(\.reports) { offer(report) }
    }

    /// Until it is written: nothing else of the mail begins before. After the end was asked for it
    /// is tried once more at most, and the try is made again by the next start.
    private func write(_ progress: [SendingProgress]) async {
        while true {
            do throws(StorageFailure) {
                let files = try await store.record(progress)
                if !files.isEmpty { bodies.remove(files) }
                return
            } catch {
                log.journalFailed(error)
                guard error.mayPass, !isClosed else { return }
                await pause.forMilliseconds(Self.afterFailureMilliseconds)
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

    private func wakeOne() {
        for sleeper in state.withLock({ $0.takeSleepers(1) }) { sleeper.resume() }
    }

    private func wakeAll() {
        let sleepers = state.withLock { state in
            state.takeSleepers(state.lanes.readyCount(now: time.now()))
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

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
