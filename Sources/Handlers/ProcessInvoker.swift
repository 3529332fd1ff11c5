package import Actions
import Foundation
package import Logging
package import MailModel

/// Runs handler programs by way of the helper: scripts, each mail in a process of its own, and
/// workers, whose processes live for many mails.
///
/// A script finds the mail on standard input, SES's Lambda event in the file that
/// `MARTLET_EVENT_FILE` names, the essentials in its environment, and itself in an empty folder
/// that is removed when it ends. A worker is asked by lines of JSON (docs/handlers.md).
package final class ProcessInvoker: FunctionInvoker {
    private let helper: HandlerHelper?
    private let places: [String: Int]
    private let log: HandlerLog
    private let queue: OperationQueue
    /// Mails whose 250 waits: what the others hold up does not hold up a session.
    private let sessionQueue: OperationQueue
    /// The workers, by their place in the helper's table.
    private let pools: [Int: WorkerPool]

    /// Without a helper there are no handlers. At most `runningMax` scripts run at once, and as many
    /// again for mails whose 250 waits. Throws where there are no file descriptors for the workers.
    package init(
        helper: HandlerHelper?, runningMax: Int, time: any TimeSource, log: Logger
    ) throws {
        self.helper = helper
        self.log = HandlerLog(log: log)
        let programs = helper?.programs ?? []
        places = Dictionary(zip(programs.map(\.name), programs.indices)) { first, _ in first }
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = runningMax
        sessionQueue = OperationQueue()
        sessionQueue.maxConcurrentOperationCount = runningMax
        var pools: [Int: WorkerPool] = [:]
        if let helper {
            for (index, program) in programs.enumerated() {
                guard let processes = program.processes else { continue }
                pools[index] = try WorkerPool(
                    helper: helper, index: index, processes: processes, time: time, log: self.log)
            }
        }
        self.pools = pools
    }

    deinit { end() }

    /// Starts the workers, so that the first mails find them warm. Until then mails for them wait.
    package func start() {
        for pool in pools.values { pool.start() }
    }

    /// Ends the workers, and waits for that. Mails that are with them fail. Twice does no harm.
    package func end() {
        // All at once: each process has the whole time.
        for pool in pools.values { pool.close() }
        for pool in pools.values { pool.waitForEnd() }
    }

    package func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        guard let helper, let place = places[invocation.handler] else { return .noSuchHandler }
        if let pool = pools[place] { return await pool.invoke(invocation) }
        let queue = invocation.sessionWaits == nil ? queue : sessionQueue
        return await withCheckedContinuation { continuation in
            queue.addOperation {
                continuation.resume(
                    returning: invocation.isWanted
                        ? self.run(place, of: helper, invocation) : .notWanted)
            }
        }
    }

    private func run(
        _ place: Int, of helper: HandlerHelper, _ invocation: FunctionInvocation
    ) -> FunctionOutcome {
        let run: HandlerRun
        do throws(HandlerRun.StartFailure) {
            run = try helper.start(place, invocation)
        } catch {
            return .failed(detail: "could not be started: \(error)")
        }
        let ending = run.run(input: invocation.input)
        if ending.isFolderLeft { log.folderLeft(invocation) }
        log.said(ending.errorOutput, isCut: ending.isErrorOutputCut, by: invocation)
        return ending.outcome
    }
}

extension FunctionInvocation {
    /// False where a session waited for it and does no longer.
    var isWanted: Bool { sessionWaits?() ?? true }
}

extension FunctionOutcome {
    /// Of what was not begun, since nobody waits for it: nobody reads this either.
    static let notWanted = Self.failed(detail: "its session waits no longer")
}
