package import Actions
import Foundation
package import Logging
import MailModel

/// Runs handler programs, each mail in a process of its own, by way of the helper.
///
/// The program finds the mail on standard input, SES's Lambda event in the file that
/// `MARTLET_EVENT_FILE` names, the essentials in its environment, and itself in an empty folder
/// that is removed when it ends.
package final class ProcessInvoker: FunctionInvoker {
    private let helper: HandlerHelper?
    private let places: [String: Int]
    private let log: Logger
    private let queue: OperationQueue

    /// Without a helper there are no handlers. At most `runningMax` run at once.
    package init(helper: HandlerHelper?, runningMax: Int, log: Logger) {
        self.helper = helper
        self.log = log
        let names = (helper?.programs ?? []).map(\.name)
        places = Dictionary(zip(names, names.indices)) { first, _ in first }
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = runningMax
    }

    package func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        guard let helper, let place = places[invocation.handler] else { return .noSuchHandler }
        return await withCheckedContinuation { continuation in
            queue.addOperation {
                continuation.resume(returning: self.run(place, of: helper, invocation))
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
        report(ending, invocation)
        return ending.outcome
    }

    /// What the program wrote to standard error, line by line, with the mail's id.
    private func report(_ ending: HandlerRun.Ending, _ invocation: FunctionInvocation) {
        let metadata: Logger.Metadata = [
            "mail": "\(invocation.mail)", "handler": "\(invocation.handler)",
            "action": "\(invocation.stableID)",
        ]
        if ending.isFolderLeft {
            log.warning("handler: its working folder could not be removed", metadata: metadata)
        }
        for line in String(decoding: ending.errorOutput, as: UTF8.self).split(
            whereSeparator: \.isNewline)
        {
            log.info("handler: \(line)", metadata: metadata)
        }
        if ending.isErrorOutputCut {
            log.info("handler: the rest of its standard error is left out", metadata: metadata)
        }
    }
}
