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
/// whose next action is a handler leaves the batch and waits for one of the handlers' places, so
/// that a slow handler holds up no mail that wants none. Every effect may happen twice (a crash
/// between doing and journalling); the stable id says so to those who see it.
package struct ActionRunner: Service {
    /// Mails that share one round of syncs.
    package static let batchMax = 128

    private let queue: ActionQueue
    private let rules: ActiveRules
    private let store: any MailStore
    private let bodies: any BodyFiles
    private let judge: (any MailJudge)?
    private let actions: ReceiptActions
    private let retries: RetrySchedule
    private let time: any TimeSource
    private let random: any RandomSource
    private let pause: any Pause
    private let log: any ActionLog
    private let onDeliveries: @Sendable () -> Void
    private let lanes: Int
    /// Mails that are judged at once.
    private static let judgesMax = 32
    private let handlersMax: Int

    /// `judge`: nil where nothing judges mails. `lanes` batches are worked on at once, `handlersMax`
    /// handlers run. `onDeliveries` is called when the outbox has something new.
    package init(
        queue: ActionQueue, rules: ActiveRules, store: any MailStore, bodies: any BodyFiles,
        judge: (any MailJudge)? = nil, actions: ReceiptActions, retries: RetrySchedule,
        time: any TimeSource, random: any RandomSource, pause: any Pause, log: any ActionLog,
        onDeliveries: @escaping @Sendable () -> Void, lanes: Int = 2,
        handlersMax: Int = 16
    ) {
        self.queue = queue
        self.rules = rules
        self.store = store
        self.bodies = bodies
        self.judge = judge
        self.actions = actions
        self.retries = retries
        self.time = time
        self.random = random
        self.pause = pause
        self.log = log
        self.onDeliveries = onDeliveries
        self.lanes = lanes
        self.handlersMax = handlersMax
    }
}

// MARK: - Lanes

extension ActionRunner {
    /// Runs until graceful shutdown; then the batches at work end and are journalled, and what
    /// still waits stays in the store for the next start.
    package func run() async throws {
        let judgedQueue = judge == nil ? queue : ActionQueue()
        let handlerQueue = ActionQueue()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                if let judge {
                    for _ in 0..<Self.judgesMax {
                        group.addTask { await runJudge(judge, judgedQueue) }
                    }
                }
                for _ in 0..<lanes {
                    group.addTask { await runLane(judgedQueue, handlerQueue) }
                }
                for _ in 0..<handlersMax { group.addTask { await runHandlers(handlerQueue) } }
                group.addTask { await fetchDue() }
            }
        } onGracefulShutdown: {
            queue.close()
            judgedQueue.close()
            handlerQueue.close()
        }
    }

    /// How long the first mail of a batch waits for others: at low load it would otherwise take
    /// the disk's next sync away from the next mail's 250.
    private static let gatherMilliseconds: Int64 = 50

    private func runLane(_ judgedQueue: ActionQueue, _ handlerQueue: ActionQueue) async {
        while !judgedQueue.isClosed {
            await judgedQueue.waitForMail()
            if judgedQueue.waitingCount < Self.batchMax {
                await pause.forMilliseconds(Self.gatherMilliseconds)
            }
            let batch = judgedQueue.take(Self.batchMax)
            guard !batch.isEmpty else { continue }
            await work(on: batch, handlerQueue)
        }
    }

    /// One mail at a time is judged here, once in its life; whoever waits for the DNS or a scanner
    /// holds up only those that wait for a judge, too.
    private func runJudge(_ judge: any MailJudge, _ judgedQueue: ActionQueue) async {
        while !queue.isClosed {
            await queue.waitForMail()
            for var mail in queue.take(1) {
                if mail.record.verdicts == nil {
                    guard let content = await contentToJudge(of: mail) else { continue }
                    // The end of the process waits for no name server; what was cut off is judged
                    // by the next start.
                    let record = mail.record
                    let judgement = await cancelWhenGracefulShutdown {
                        await judge.judge(record, content)
                    }
                    guard !queue.isClosed else { continue }
                    switch judgement {
                    case .verdicts(let verdicts): mail.record.verdicts = verdicts
                    case .later(let reason):
                        await postpone(mail.record.id, because: reason)
                        continue
                    }
                    mail.isFreshlyJudged = true
                }
                while judgedQueue.isFull, !queue.isClosed {
                    await pause.forMilliseconds(Self.gatherMilliseconds)
                }
                judgedQueue.putBack(mail)
            }
        }
    }

    /// Until a mail that could not be judged is looked at again.
    private static let judgeAgainSeconds: Int64 = 60

    private func postpone(_ mail: MailID, because reason: String) async {
        log.judgementPostponed(mail, reason)
        let progress = MailProgress(
            mail: mail, actions: [], deliveries: [], newState: nil,
            nextAttemptAt: time.now().advanced(bySeconds: Self.judgeAgainSeconds))
        do throws(StorageFailure) {
            try await store.record([progress])
        } catch {
            log.journalFailed([mail], error)
        }
        queue.release([mail])
    }

    /// Everything but handlers, for all mails of the batch together.
    private func work(on batch: [WaitingMail], _ handlerQueue: ActionQueue) async {
        var passes: [ActionPass] = []
        for mail in batch {
            if let pass = await open(mail) { passes.append(pass) }
        }
        while true {
            var tasks: [(pass: Int, task: ActionTask)] = []
            for index in passes.indices {
                for task in passes[index].next() where !task.action.isHandler {
                    tasks.append((index, task))
                }
            }
            guard !tasks.isEmpty else { break }
            let results = await actions.perform(tasks.map { $0.task })
            for (position, result) in zip(tasks, results) {
                note(result, of: position.task, in: &passes[position.pass])
            }
        }
        guard await journal(&passes) else { return }
        await settle(passes, handlerQueue)
    }

    /// After the journal: to the handlers, or done with for now.
    private func settle(_ passes: [ActionPass], _ handlerQueue: ActionQueue) async {
        var postponed: [MailProgress] = []
        for pass in passes {
            guard pass.next().contains(where: { $0.action.isHandler }) else {
                queue.release([pass.mail.record.id])
                continue
            }
            if handlerQueue.isFull {
                // Its row is not looked at again and again while there is no place for it.
                postponed.append(pass.postponement(bySeconds: Self.postponedSeconds))
            } else {
                handlerQueue.putBack(pass.mail.withoutContent)
            }
        }
        guard !postponed.isEmpty else { return }
        do throws(StorageFailure) {
            try await store.record(postponed)
        } catch {
            log.journalFailed(postponed.map { $0.mail }, error)
            await pause.forMilliseconds(Self.afterFailureMilliseconds)
        }
        queue.release(postponed.map { $0.mail })
    }

    /// Until a mail that found no handler's place is looked at again.
    private static let postponedSeconds: Int64 = 10
    /// Until a journal that could not be written is tried again.
    private static let afterFailureMilliseconds: Int64 = 5_000

    /// One handler at a time, mail by mail; each outcome is journalled before anything else.
    private func runHandlers(_ handlerQueue: ActionQueue) async {
        while !handlerQueue.isClosed {
            await handlerQueue.waitForMail()
            for mail in handlerQueue.take(1) {
                guard var pass = await open(mail) else { continue }
                if let task = pass.next().first(where: { $0.action.isHandler }) {
                    for result in await actions.perform([task]) {
                        note(result, of: task, in: &pass)
                    }
                }
                let isOver = pass.isFinished
                var passes = [pass]
                guard await journal(&passes) else { continue }
                if isOver { queue.release([mail.record.id]) } else { queue.putBack(passes[0].mail) }
            }
        }
    }
}

// MARK: - Steps of a pass

extension ActionRunner {
    /// What is needed to judge `mail`: its rules and its bytes. Nil where they cannot be had: the
    /// mail is then held, set aside or left for later, and its claim ended.
    private func open(_ mail: WaitingMail) async -> ActionPass? {
        guard !queue.isWithdrawn(mail.record.id) else {
            queue.release([mail.record.id])
            return nil
        }
        do throws(StorageFailure) {
            let evaluator = try await rules.evaluator(ofVersion: mail.record.ruleSetVersion)
            let content = try await content(of: mail)
            return ActionPass(mail, evaluator: evaluator, content: content, at: time.now())
        } catch {
            await giveUp(mail.record, because: error)
            return nil
        }
    }

    /// The bytes of `mail`; nil where they cannot be had, and its claim has ended.
    private func contentToJudge(of mail: WaitingMail) async -> MailContent? {
        guard !queue.isWithdrawn(mail.record.id) else {
            queue.release([mail.record.id])
            return nil
        }
        do throws(StorageFailure) {
            return try await content(of: mail)
        } catch {
            await giveUp(mail.record, because: error)
            return nil
        }
    }

    private func content(of mail: WaitingMail) async throws(StorageFailure) -> MailContent {
        switch mail.record.bodyPlace {
        case .row:
            if let content = mail.content { return .bytes(content) }
            return .bytes(try await store.content(of: mail.record))
        case .file:
            return .file(
                path: bodies.path(of: mail.record.id), length: mail.record.totalLength)
        case .expired:
            throw .notFound("the raw mail has expired")
        }
    }

    private func giveUp(_ mail: MailRecord, because failure: StorageFailure) async {
        log.journalFailed([mail.id], failure)
        do throws(StorageFailure) {
            switch failure {
            case .damaged:
                _ = try await store.move(mail.id, from: [.acting], to: .damaged)
                if mail.bodyPlace == .file { try bodies.setAside([mail.id]) }
            case .notFound:
                _ = try await store.move(mail.id, from: [.acting], to: .held)
            case .full, .refused, .syncFailed, .replaced:
                break
            }
        } catch {
            // A file that is gone cannot be set aside.
            if case .notFound = error {} else { log.journalFailed([mail.id], error) }
        }
        queue.release([mail.id])
    }

    private func note(_ result: ActionResult, of task: ActionTask, in pass: inout ActionPass) {
        log.ended(
            pass.note(result, of: task, at: time.now(), retries: retries, random: random))
    }

    /// One group commit for all of `passes`; says whether it stands. Where it cannot, the mails
    /// stay claimed: what was done for them is done again by the next start at the earliest.
    private func journal(_ passes: inout [ActionPass]) async -> Bool {
        let progress = passes.map { $0.progress() }.filter { $0.isNews }
        guard !progress.isEmpty else { return true }
        guard await write(progress) else { return false }
        for index in passes.indices { passes[index].settle() }
        for entry in progress where entry.newState == .retired { log.retired(entry.mail) }
        if progress.contains(where: { !$0.deliveries.isEmpty }) { onDeliveries() }
        return true
    }
}

extension ActionRunner {
    /// Tries until it stands: what was done and could not be written down is kept here, and not
    /// done again. Meanwhile whoever waits for it begins nothing else, so a disk that refuses for
    /// hours sees no more actions than there are lanes and handlers.
    private func write(_ progress: [MailProgress]) async -> Bool {
        while true {
            do throws(StorageFailure) {
                try await store.record(progress)
                return true
            } catch {
                log.journalFailed(progress.map(\.mail), error)
                guard error.mayPass, !queue.isClosed else { return false }
                await pause.forMilliseconds(Self.afterFailureMilliseconds)
            }
        }
    }
}

// MARK: - What only the store knows

extension ActionRunner {
    /// A mail is left to the lanes this long before its row is fetched as forgotten.
    private static let graceSeconds: Int64 = 2
    private static let fetchMax = 500

    /// Brings mails whose rows are due and that nobody works on: after a start, when the queue
    /// was full, and when an action is to be tried again.
    private func fetchDue() async {
        while !queue.isClosed {
            var fetched = 0
            if !queue.isFull {
                do throws(StorageFailure) {
                    fetched = try await fetchOnce()
                } catch {
                    log.journalFailed([], error)
                }
            }
            if fetched < Self.fetchMax { await pause.forMilliseconds(1_000) }
        }
    }

    private func fetchOnce() async throws(StorageFailure) -> Int {
        let records = try await store.due(
            at: time.now().advanced(bySeconds: -Self.graceSeconds),
            limit: queue.claimedCount + Self.fetchMax)
        let claimed = queue.claim(records)
        for record in claimed {
            do throws(StorageFailure) {
                queue.putBack(try await fetch(record))
            } catch {
                // Alone: the others go on.
                await giveUp(record, because: error)
            }
        }
        return claimed.count
    }

    /// What waited, hours perhaps, may have been damaged meanwhile: its file is read through before
    /// anybody gets it. Bytes in a row are when they are used.
    private func fetch(_ record: MailRecord) async throws(StorageFailure) -> WaitingMail {
        if record.bodyPlace == .file {
            do throws(StorageFailure) {
                _ = try bodies.content(of: record)
            } catch {
                guard case .notFound(let detail) = error else { throw error }
                throw .damaged(detail)
            }
        }
        var known: [ActionKey: ActionRecord] = [:]
        for action in try await store.actions(of: record.id) { known[action.key] = action }
        return WaitingMail(record: record, content: nil, actions: known)
    }
}

extension MailProgress {
    /// Whether there is anything to write: a mail on its way to a handler may have none.
    fileprivate var isNews: Bool {
        verdicts != nil || !actions.isEmpty || !deliveries.isEmpty || newState != nil
    }
}

/// The port through which mails are judged before their actions run.
package protocol MailJudge: Sendable {
    /// What is found out about `mail`. Returns within time limits of its own and never fails: what
    /// could not be found out is a verdict, too.
    func judge(_ mail: MailRecord, _ content: MailContent) async -> Judgement
}

package enum Judgement: Sendable {
    case verdicts(VerdictRecord)
    /// Somebody whom the operator wants to be heard cannot be had: nothing is done with the mail
    /// until then. The text says why.
    case later(String)
}

extension ReceiptAction {
    /// Whether the action runs a handler, and so may take its time.
    var isHandler: Bool {
        if case .invoke = self { true } else { false }
    }
}
