package import Actions
import Logging
package import MailModel
import RuleEngine
import ServiceLifecycle
package import Storage
package import Topics

/// Runs the actions of committed mails: takes a batch, asks each mail's rules what is next, has
/// it done, journals what came of all of them in one group commit, and retires what has ended.
///
/// `store` and `notify` of a batch run together, so that many objects share one sync; a mail
/// whose next action may take its time (a handler, a webhook, a bucket on another server) leaves the
/// batch and waits in a room of its own (`ActionRooms`), so that it holds up no mail that wants none.
/// Those that were answered there go on together, too. Every effect may happen twice (a crash between doing and journalling); the stable id says so to those who see it.
package struct ActionRunner: Service {
    /// Mails that share one round of syncs.
    package static let batchMax = 128

    private let queue: ActionQueue
    private let claimed: ClaimedMails
    private let journal: ActionJournal
    private let judge: (any MailJudge)?
    private let feedback: FeedbackFlow?
    private let actions: ReceiptActions
    private let retries: RetrySchedule
    private let time: any TimeSource
    private let random: any RandomSource
    private let pause: any Pause
    private let log: any ActionLog
    private let lanes: Int
    private let rooms: ActionRooms

    /// `judge`: nil where nothing judges mails; `feedback`: nil where nothing is sent. `lanes`
    /// batches are worked on at once, and as many of each room, and `handlersMax` scripts run; `workers` are those that live
    /// for many mails, with how many processes each has, `endpoints` handlers of the web, with how many
    /// requests each has at once, `buckets` those on other servers, with how many objects each is
    /// given at once, and each webhook has as many posts at once as it may.
    /// `onDeliveries` is called when the outbox has something new, `onUnwritten` where the
    /// end comes before what was done could be written.
    package init(
        queue: ActionQueue, rules: ActiveRules, store: any MailStore, bodies: any BodyFiles,
        judge: (any MailJudge)? = nil, feedback: FeedbackFlow? = nil, actions: ReceiptActions,
        retries: RetrySchedule, time: any TimeSource, random: any RandomSource,
        pause: any Pause, log: any ActionLog, onDeliveries: @escaping @Sendable () -> Void,
        onUnwritten: @escaping @Sendable (StorageFailure) -> Void = { _ in },
        guesser: (any ContentTypeGuesser)? = nil, lanes: Int = 2, handlersMax: Int = 16,
        workers: [String: Int] = [:], endpoints: [String: Int] = [:],
        buckets: [String: Int] = [:]
    ) {
        self.queue = queue
        claimed = ClaimedMails(
            queue: queue, rules: rules, store: store,
            bodies: bodies,
            factsReader: MailFactsReader(
                bodies: bodies, returnPaths: feedback?.returnPaths, guesser: guesser), log: log)
        journal = ActionJournal(
            queue: queue, store: store, log: log, pause: pause, onDeliveries: onDeliveries,
            onUnwritten: onUnwritten)
        self.judge = judge
        self.feedback = feedback
        self.actions = actions
        self.retries = retries
        self.time = time
        self.random = random
        self.pause = pause
        self.log = log
        self.lanes = lanes
        rooms = ActionRooms(
            scriptsMax: handlersMax, workers: workers, endpoints: endpoints,
            postsMax: actions.webhooks?.postsMax ?? [:], putsMax: buckets)
    }

    /// Runs until graceful shutdown; then the batches at work end and are journalled, and what
    /// still waits stays in the store for the next start.
    package func run() async throws {
        let judgedQueue = judge == nil ? queue : ActionQueue()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                if let judge {
                    let stage = JudgingStage(
                        judge: judge, queue: queue, judgedQueue: judgedQueue, claimed: claimed,
                        journal: journal, time: time, pause: pause)
                    group.addTask { await stage.run() }
                }
                for _ in 0..<lanes {
                    group.addTask { await runLane(judgedQueue) }
                }
                for (kind, room) in rooms.all {
                    // One batch is written while another is stored.
                    for _ in 0..<lanes {
                        group.addTask { await runAnswered(in: room, judgedQueue) }
                    }
                    group.addTask { await runPlaces(of: room, kind) }
                }
                let due = DueMails(
                    queue: queue, judgedQueue: judgedQueue, claimed: claimed, time: time,
                    pause: pause)
                group.addTask { await due.run() }
            }
        } onGracefulShutdown: {
            queue.close()
            judgedQueue.close()
            rooms.close()
        }
    }
}

// MARK: - Lanes

extension ActionRunner {
    /// How long the first mail of a batch waits for others: at low load it would otherwise take
    /// the disk's next sync away from the next mail's 250.
    private static let gatherMilliseconds: Int64 = 50
    /// Until a mail that found a room full is looked at again.
    private static let postponedSeconds: Int64 = 10

    private func runLane(_ judgedQueue: ActionQueue) async {
        while !judgedQueue.isClosed {
            await judgedQueue.waitForMail()
            if judgedQueue.waitingCount < Self.batchMax {
                await pause.forMilliseconds(Self.gatherMilliseconds)
            }
            let batch = judgedQueue.take(Self.batchMax)
            guard !batch.isEmpty else { continue }
            await work(on: batch, judgedQueue)
        }
    }

    /// Everything that has no room of its own, for all mails of the batch together.
    private func work(on batch: [WaitingMail], _ judgedQueue: ActionQueue) async {
        var passes: [ActionPass] = []
        for mail in batch {
            guard var pass = await open(mail) else { continue }
            await takeIn(&pass)
            passes.append(pass)
        }
        await goOn(with: &passes, judgedQueue)
    }

    /// Does what of the mails has no room of its own, and then journals what came of all of it.
    private func goOn(with passes: inout [ActionPass], _ judgedQueue: ActionQueue) async {
        while true {
            var tasks: [(pass: Int, task: ActionTask)] = []
            for index in passes.indices
            where !passes[index].isFull && !queue.isWithdrawn(passes[index].mail.record.id) {
                for task in passes[index].next() where rooms.kind(of: task.action) == nil {
                    tasks.append((index, task))
                }
            }
            guard !tasks.isEmpty else { break }
            let results = await actions.perform(tasks.map { $0.task })
            for (position, result) in zip(tasks, results) {
                note(result, of: position.task, in: &passes[position.pass])
            }
        }
        guard await journal.write(&passes) else { return }
        await settle(passes, judgedQueue)
    }

    /// After the journal: on to its next round, to a room, or done with for now.
    private func settle(_ passes: [ActionPass], _ judgedQueue: ActionQueue) async {
        var postponed: [MailProgress] = []
        for pass in passes {
            let kinds = pass.wanted.map(rooms.kind(of:))
            guard !kinds.contains(nil), !pass.isQuickLeft else {
                judgedQueue.putBack(pass.mail)
                continue
            }
            guard let room = kinds.lazy.compactMap({ $0 }).first.flatMap({ rooms.all[$0] }) else {
                queue.release([pass.mail.record.id])
                continue
            }
            if room.queue.hasPlace {
                room.queue.putBack(pass.mail)
            } else {
                // Its row is not looked at again and again while there is no place for it.
                postponed.append(pass.postponement(bySeconds: Self.postponedSeconds))
            }
        }
        await journal.postpone(postponed)
    }

    private func runPlaces(of room: ActionRooms.Room, _ kind: ActionRooms.Kind) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<room.places { group.addTask { await runPlace(in: room, kind) } }
        }
        room.answered.close()
    }

    /// One action at a time, mail by mail.
    private func runPlace(in room: ActionRooms.Room, _ kind: ActionRooms.Kind) async {
        while !room.queue.isClosed {
            await room.queue.waitForMail()
            for mail in room.queue.take(1) {
                guard var pass = await open(mail) else { continue }
                if let task = pass.next().first(where: { rooms.kind(of: $0.action) == kind }) {
                    for result in await actions.perform([task]) {
                        note(result, of: task, in: &pass)
                    }
                }
                await room.answered.add(pass)
            }
        }
    }

    /// What came of them is journalled before anything else is done with their mails, so that the end
    /// of the process makes few of them happen again.
    private func runAnswered(in room: ActionRooms.Room, _ judgedQueue: ActionQueue) async {
        while true {
            var passes = await room.answered.takeAll()
            guard !passes.isEmpty else { return }
            guard await journal.write(&passes) else { continue }
            queue.release(passes.compactMap { $0.isFinished ? $0.mail.record.id : nil })
            passes.removeAll(where: \.isFinished)
            await goOn(with: &passes, judgedQueue)
        }
    }

    /// Nil where the mail is not worked on now.
    private func open(_ mail: WaitingMail) async -> ActionPass? {
        guard let opened = await claimed.open(mail),
            let facts = await claimed.facts(of: mail.record, opened)
        else { return nil }
        return ActionPass(mail, opened, facts, at: time.now()) { rooms.kind(of: $0) != nil }
    }

    /// Has what the mail tells of mails of ours taken in, before its rules, which may take hours.
    private func takeIn(_ pass: inout ActionPass) async {
        guard let attempt = pass.feedbackAttempt else { return }
        let taken = await feedback?.take(pass.mail.record, pass.content, attempt: attempt)
        // What was to be looked at once more, and the configuration has changed meanwhile.
        let isLost = taken == nil && attempt > 1
        guard let result = isLost ? FeedbackFlow.nothingComesBack : taken else { return }
        log.ended(
            pass.note(
                result, of: FeedbackFlow.key, kind: FeedbackFlow.kind, attempt: attempt,
                at: time.now(), retries: retries, random: random))
    }

    private func note(_ result: ActionResult, of task: ActionTask, in pass: inout ActionPass) {
        log.ended(
            pass.note(result, of: task, at: time.now(), retries: retries, random: random))
    }
}
