import Glibc
import Handlers
import Storage

/// What a server does while it has one thread and the rights that it was started with: it opens
/// what needs them, forks the helper that starts handlers, and gives them up.
package struct ServerStart {
    let lock: DataDirectoryLock
    /// One for each listener of the configuration.
    let sockets: [BoundSocket]
    /// Nil where no handler is configured.
    let helper: HandlerHelper?
    let manager: ServiceManager

    /// Throws `Server.Failure`, `StorageFailure` or `HandlerHelper.Failure`.
    package init(_ configuration: Configuration) throws {
        try Self.refuseThreads()
        Self.holdEndingSignals()
        // A handler or peer that went away is an error of a write, not our end; and a hang-up that
        // comes before anyone listens for it changes nothing.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        OpenFiles.raiseLimit()
        manager = ServiceManager.fromEnvironment()
        let privileges = Privileges(becoming: configuration.user)
        let data = DataDirectory(configuration)
        try data.make()
        try PlacesInReach(configuration).refuse(privileges)
        let (lock, folders) = try privileges.asServer {
            Result { () throws -> (DataDirectoryLock, HandlerFolders) in
                (
                    try DataDirectoryLock(directory: configuration.dataDirectory),
                    try data.handlerFolders()
                )
            }
        }.get()
        self.lock = lock
        var taken = try ActivatedSockets.fromEnvironment()
        sockets = try configuration.listeners.map { try taken.take($0) ?? BoundSocket($0) }
        try taken.refuseRest()
        helper =
            configuration.handlers.isEmpty
            ? nil
            : try HandlerHelper(
                programs: configuration.handlers, folders: folders,
                // As many scripts again for mails whose 250 waits.
                runningMax: 2 * configuration.handlersRunningMax + configuration.workerProcesses,
                ownUser: configuration.user)
        try privileges.giveUp()
    }

    /// A request to end that comes before the server takes requests waits until then, and the start
    /// is never cut. All threads to come inherit it; `ServiceGroup` reads by signalfd(2), which finds
    /// what waits.
    private static func holdEndingSignals() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT] { sigaddset(&signals, number) }
        sigprocmask(SIG_BLOCK, &signals, nil)
    }

    /// A fork takes one thread along, and whatever the others held stays held in the child for good.
    private static func refuseThreads() throws(Server.Failure) {
        var names: [String] = []
        if let tasks = opendir("/proc/self/task") {
            defer { closedir(tasks) }
            while let entry = readdir(tasks) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        String(cString: $0)
                    }
                }
                if !name.hasPrefix(".") { names.append(name) }
            }
        }
        guard names.count == 1 else {
            throw Server.Failure(
                description: "the process has \(names.count) threads before it has started")
        }
    }
}
