/// A handler as the configuration describes it: a program, and what it may use.
package struct HandlerProgram: Sendable {
    package var name: String
    /// The program's absolute path and its arguments; no shell reads them.
    package var command: [String]
    /// Of a worker: how many processes of it live, each for many mails. Nil for a script.
    package var processes: Int?
    /// Beside `PATH`, `LANG` and the essentials of the mail: nothing else is inherited.
    package var environment: [String: String] = [:]
    /// Until it is ended with all that it started.
    package var timeoutSeconds = 30
    /// Address space. 0: no limit, here and for the next three.
    package var memoryBytesMax = 8_589_934_592
    /// Size of one file that it writes.
    package var fileBytesMax = 1_073_741_824
    /// Open files.
    package var filesMax = 256
    /// Processes of its user; only set where that user is its own.
    package var processesMax = 64
    /// Standard output that is kept; what is beyond is read and thrown away.
    package var outputBytesMax = 262_144
    /// Standard error that goes to the log.
    package var errorBytesMax = 16_384
    /// Whom it runs as; nil for our own user. Only root can ask for another.
    package var user: User?

    package struct User: Sendable, Equatable {
        package var name: String
        package var id: UInt32
        package var group: UInt32
        /// All of them, the primary one too.
        package var groups: [UInt32]

        package init(name: String, id: UInt32, group: UInt32, groups: [UInt32] = []) {
            self.name = name
            self.id = id
            self.group = group
            self.groups = groups
        }
    }

    package init(name: String, command: [String]) {
        self.name = name
        self.command = command
    }

    /// What it finds in its environment beside the mail's essentials and its folder.
    var variables: [String: String] {
        ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]
            .merging(environment) { _, configured in configured }
    }
}
