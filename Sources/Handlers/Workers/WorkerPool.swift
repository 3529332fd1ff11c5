import Actions
import Dispatch
import Foundation
import MailModel
import NIOCore
import Synchronization

/// The processes of one worker, each kept alive by a place with a thread of its own. Mails wait for
/// one in the order in which they came, those whose 250 waits before the others; the place that was last at work is asked first, so that the
/// processes that are not needed rest.
final class WorkerPool: Sendable {
    /// A mail that waits for its answer.
    struct Job {
        let invocation: FunctionInvocation
        let answer: CheckedContinuation<FunctionOutcome, Never>
    }

    private struct State {
        var waiting = CircularBuffer<Job>()
        /// Mails whose 250 waits.
        var waitingSessions = CircularBuffer<Job>()
        /// Places that have nothing to do, the last one used at the end; those without a process at
        /// the beginning.
        var resting: [Int] = []
        /// For places that have been woken, by their number.
        var given: [Int: Job] = [:]
        var delay = RestartDelay()
        var isOver = false

        mutating func append(_ job: Job) {
            if job.invocation.sessionWaits == nil {
                waiting.append(job)
            } else {
                waitingSessions.append(job)
            }
        }

        /// Whose turn it is, and those before it that nobody waits for any more.
        mutating func popFirst() -> (Job?, unwanted: [Job]) {
            var unwanted: [Job] = []
            while let job = waitingSessions.popFirst() {
                if job.invocation.isWanted { return (job, unwanted) }
                unwanted.append(job)
            }
            return (waiting.popFirst(), unwanted)
        }
    }

    private static let serverEnds = "the server ends"

    private let helper: HandlerHelper
    /// The worker's, in the helper's table.
    private let index: Int
    private let time: any TimeSource
    private let log: HandlerLog
    private let wakeups: [Wakeup]
    private let threads = DispatchGroup()
    private let state = Mutex(State())

    init(
        helper: HandlerHelper, index: Int, processes: Int, time: any TimeSource, log: HandlerLog
    ) throws(HandlerRun.StartFailure) {
        self.helper = helper
        self.index = index
        self.time = time
        self.log = log
        var wakeups: [Wakeup] = []
        for _ in 0..<processes { wakeups.append(try Wakeup()) }
        self.wakeups = wakeups
    }

    /// Starts all processes, so that the first mails find them warm.
    func start() {
        for (number, wakeup) in wakeups.enumerated() {
            threads.enter()
            Thread.detachNewThread { [self] in
                var place = WorkerPlace(
                    number: number, program: helper.programs[index], wakeup: wakeup, pool: self,
                    log: log)
                place.run()
                threads.leave()
            }
        }
    }

    func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        await withCheckedContinuation { continuation in
            give(Job(invocation: invocation, answer: continuation))
        }
    }

    private func give(_ job: Job) {
        let (place, isOver) = state.withLock { state -> (Int?, Bool) in
            guard !state.isOver else { return (nil, true) }
            guard let place = state.resting.popLast() else {
                state.append(job)
                return (nil, false)
            }
            state.given[place] = job
            return (place, false)
        }
        if isOver { job.answer.resume(returning: .failed(detail: Self.serverEnds)) }
        if let place { wakeups[place].call() }
    }

    /// Lets the processes end. Mails that are with one or wait for one fail.
    func close() {
        let left = state.withLock { state in
            state.isOver = true
            defer {
                state.waiting = []
                state.waitingSessions = []
                state.given = [:]
            }
            return state.waiting + state.waitingSessions + state.given.values
        }
        for job in left { job.answer.resume(returning: .failed(detail: Self.serverEnds)) }
        for wakeup in wakeups { wakeup.call() }
    }

    /// Returns when the processes have ended.
    func waitForEnd() {
        threads.wait()
    }
}

// MARK: - For its places

extension WorkerPool {
    var isOver: Bool { state.withLock { $0.isOver } }

    /// What the place is to do next. Nil: nothing, and it is woken when there is something.
    func next(for place: Int, hasProcess: Bool) -> Job? {
        let (job, unwanted) = state.withLock { state -> (Job?, [Job]) in
            if let job = state.given.removeValue(forKey: place) { return (job, []) }
            state.resting.removeAll { $0 == place }
            let (job, unwanted) = state.popFirst()
            if job == nil {
                state.resting.insert(place, at: hasProcess ? state.resting.endIndex : 0)
            }
            return (job, unwanted)
        }
        for job in unwanted { job.answer.resume(returning: .notWanted) }
        return job
    }

    /// Nil where none may be started now, or the helper could not be asked.
    func startProcess(_ place: Int) -> (any LivingProcess)? {
        guard state.withLock({ $0.delay.seconds(at: time.now()) }) == 0 else { return nil }
        do throws(HandlerRun.StartFailure) {
            return try helper.startProcess(of: index, place: place, time: time)
        } catch {
            noteEnd(of: nil, because: "could not be started: \(error)")
            return nil
        }
    }

    func noteAnswer() {
        state.withLock { $0.delay.answered() }
    }

    /// A process ended that was not told to. Nil: one that could not be started.
    func noteEnd(of process: (any LivingProcess)?, because reason: String) {
        let now = time.now()
        let seconds = state.withLock { state in
            if process?.hasAnswered != true { state.delay.failed(because: reason, at: now) }
            return state.delay.seconds(at: now)
        }
        log.ended(helper.programs[index], because: reason, restartSeconds: seconds)
    }

    /// Why a mail finds no process.
    var refusal: String {
        state.withLock { state in
            let seconds = state.delay.seconds(at: time.now())
            let next = seconds > 0 ? " (the next is started in \(seconds) s)" : ""
            return "no process of it works\(next): \(state.delay.reason)"
        }
    }
}
