package import Actions
import Foundation
package import Logging
import MailModel
import Synchronization

/// Runs handler programs, each mail in a process of its own.
///
/// The program finds the mail on standard input, SES's Lambda event in the file that
/// `MARTLET_EVENT_FILE` names, the essentials in its environment, and itself in an empty folder
/// that is removed when it ends.
package final class ProcessInvoker: FunctionInvoker {
    private let programs: [String: HandlerProgram]
    private let workFolder: String
    private let log: Logger
    private let counter = Atomic<Int>(0)
    private let queue: OperationQueue

    /// `workFolder` is ours alone and is emptied here. At most `runningMax` run at once.
    package init(
        programs: [HandlerProgram], workFolder: String, runningMax: Int, log: Logger
    ) throws {
        self.programs = Dictionary(programs.map { ($0.name, $0) }) { first, _ in first }
        self.workFolder = workFolder
        self.log = log
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = runningMax
        try? FileManager.default.removeItem(atPath: workFolder)
        // Others may pass through to their own folders, and see nothing here.
        try FileManager.default.createDirectory(
            atPath: workFolder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o711])
    }

    package func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        guard let program = programs[invocation.handler] else { return .noSuchHandler }
        return await withCheckedContinuation { continuation in
            queue.addOperation {
                continuation.resume(returning: self.run(program, invocation))
            }
        }
    }

    private func run(
        _ program: HandlerProgram, _ invocation: FunctionInvocation
    ) -> FunctionOutcome {
        let folder = "\(workFolder)/\(counter.add(1, ordering: .relaxed).newValue)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            let eventFile = "\(folder)/event.json"
            try Data(invocation.event).write(to: URL(fileURLWithPath: eventFile))
            if let user = program.user {
                for path in [eventFile, folder] {
                    try FileManager.default.setAttributes(
                        [.ownerAccountID: user.id, .groupOwnerAccountID: user.group],
                        ofItemAtPath: path)
                }
            }
            let process = try HandlerProcess(
                program: program, environment: environment(program, invocation, folder, eventFile),
                folder: folder)
            let ending = process.run(input: invocation.input)
            report(ending, program, invocation)
            return ending.outcome
        } catch {
            return .failed(detail: "could not be started: \(error)")
        }
    }

    private func environment(
        _ program: HandlerProgram, _ invocation: FunctionInvocation, _ folder: String,
        _ eventFile: String
    ) -> [String: String] {
        var environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder,
            "TMPDIR": folder, "MARTLET_EVENT_FILE": eventFile,
        ]
        for (name, value) in program.environment { environment[name] = value }
        for (name, value) in invocation.environment { environment[name] = value }
        return environment
    }

    /// What the program wrote to standard error, line by line, with the mail's id.
    private func report(
        _ ending: HandlerProcess.Ending, _ program: HandlerProgram,
        _ invocation: FunctionInvocation
    ) {
        guard !ending.errorOutput.isEmpty else { return }
        let metadata: Logger.Metadata = [
            "mail": "\(invocation.mail)", "handler": "\(program.name)",
            "action": "\(invocation.stableID)",
        ]
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
