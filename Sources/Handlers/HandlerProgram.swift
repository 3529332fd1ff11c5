/// A handler as the configuration describes it: a program, and what it may use.
package struct HandlerProgram: Sendable {
    package var name: String
    /// The program's absolute path and its arguments; no shell reads them.
    package var command: [String]
    package var kind = Kind.script
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

    package enum Kind: Sendable, Equatable {
        /// A process for each mail.
        case script
        /// So many processes, each for many mails, which are asked by lines of JSON.
        case worker(processes: Int)
        /// So many processes, each for many mails, which ask by the Lambda Runtime API.
        case function(processes: Int)
    }

    /// Of a worker or a function; nil for a script.
    package var processes: Int? {
        switch kind {
        case .script: nil
        case .worker(let processes), .function(let processes): processes
        }
    }

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

    /// What it finds in its environment beside the mail's essentials and its folder. `runtimePort`:
    /// of a function, where it finds the Lambda Runtime API.
    func variables(runtimePort: UInt16?) -> [String: String] {
        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]
        if runtimePort != nil {
            variables.merge(functionVariables) { _, new in new }
        }
        variables.merge(environment) { _, configured in configured }
        if let runtimePort { variables["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:\(runtimePort)" }
        return variables
    }

    /// What Lambda gives to a function; the region is that of the ARNs that we make.
    private var functionVariables: [String: String] {
        [
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "\(max(128, memoryBytesMax >> 20))",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(name)",
            "AWS_LAMBDA_LOG_STREAM_NAME": name,
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "TZ": ":UTC",
        ]
    }
}
