import Actions
import CHandlerSpawn
// Its sources may be cancelled from anywhere, and are not marked so.
@preconcurrency import Dispatch
import Glibc
import MailModel
import Synchronization

/// The process that starts handlers. It is forked with the table of what may be started, as whom
/// and with which limits, so that whoever takes over the server can start nothing else.
package final class HandlerHelper: Sendable {
    /// Why it could not be made.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(description: String) {
            self.description = description
        }

        init(_ step: String, _ code: Int32) {
            description = "\(step): \(String(cString: strerror(code)))"
        }
    }

    /// A keeper that has said its last word may still be there when the next one starts, and one that
    /// is held up stays until its time is up.
    private static let keepersSpare = 16
    /// How long an ending server waits for its helper, which ends at once where nothing runs any more.
    private static let endMilliseconds = 5_000
    private static let lookMilliseconds = 10

    let programs: [HandlerProgram]
    /// Where each of `programs` begins in the table: a function has an entry for each process.
    private let indices: [Int]
    /// Of the functions, by their index in the table.
    private let listeners: [Int: RuntimeListener]
    package let processID: Int32
    /// Whether `/proc` shows it the processes of others. Where it does not, what handlers leave behind
    /// is looked for number by number.
    package let seesProcesses: Bool
    private let socket: Int32
    private let isOpen = Mutex(true)

    /// Forks. A server does this before it has threads, and while it may still become the users of
    /// `programs` and `ownUser`, whom those without a user run as (nil: as we do).
    package init(
        programs: [HandlerProgram], folders: HandlerFolders, runningMax: Int,
        ownUser: HandlerProgram.User? = nil
    ) throws(Failure) {
        let table = ProgramTable()
        var indices: [Int] = []
        var listeners: [Int: RuntimeListener] = [:]
        for program in programs {
            indices.append(table.entries.count)
            let user = program.user ?? ownUser
            let folder = try folders.folder(
                of: user?.id ?? geteuid(), group: user?.group ?? getegid())
            guard case .function(let processes) = program.kind else {
                table.add(program, as: user, in: folder)
                continue
            }
            for _ in 0..<processes {
                let listener = try RuntimeListener(user: user?.id ?? geteuid())
                listeners[table.entries.count] = listener
                table.add(program, as: user, in: folder, runtimePort: listener.port)
            }
        }
        self.indices = indices
        self.listeners = listeners
        let keepersMax = min(MARTLET_KEEPERS_MAX, 2 * runningMax + Self.keepersSpare)
        var process: pid_t = 0
        var seesProcesses = false
        socket = withExtendedLifetime(table) {
            martlet_helper_start(
                table.entries, UInt32(table.entries.count), UInt32(keepersMax), &process,
                &seesProcesses)
        }
        guard socket >= 0 else {
            throw Failure("the helper that starts handlers could not be made", errno)
        }
        processID = process
        self.seesProcesses = seesProcesses
        self.programs = programs
    }

    deinit { end() }

    /// Starts a run of the program at `index`.
    func start(
        _ index: Int, _ invocation: FunctionInvocation
    ) throws(HandlerRun.StartFailure) -> HandlerRun {
        try HandlerRun(programs[index], index: indices[index], socket: socket, invocation)
    }

    /// Starts a process of the worker or function at `index`, for one of its places.
    func startProcess(
        of index: Int, place: Int, time: any TimeSource
    ) throws(HandlerRun.StartFailure) -> any LivingProcess {
        let program = programs[index]
        guard let listener = listeners[indices[index] + place] else {
            return try WorkerProcess(program, index: indices[index], socket: socket)
        }
        return try FunctionProcess(
            program, index: indices[index] + place, socket: socket, listener: listener, time: time)
    }

    /// Returns when it has ended, which it does not do by itself while we live, or when the task is
    /// cancelled.
    package func waitForEnd() async {
        // It never says anything: what can be read is the end.
        let source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: .global())
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                source.setEventHandler { source.cancel() }
                source.setCancelHandler { continuation.resume() }
                source.resume()
            }
        } onCancel: {
            source.cancel()
        }
    }

    /// Lets it go, with what it still keeps, and waits for its end. Twice does no harm.
    package func end() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard wasOpen else { return }
        close(socket)
        for _ in 0..<(Self.endMilliseconds / Self.lookMilliseconds) {
            if waitpid(processID, nil, WNOHANG) != 0 { return }
            usleep(UInt32(Self.lookMilliseconds) * 1000)
        }
    }
}
