import ArgumentParser
import Daemon
import Documents

/// Not an asynchronous command: it starts on the only thread of the process.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive and send mail until SIGTERM. SIGHUP reads the rules anew.")

    @OptionGroup var server: ServerOptions

    @Flag(
        help: """
            Remove the access keys and DKIM keys whose secrets cannot be opened: all of them once \
            keys/secret.key is lost for good, and a new one is made; else those that are damaged.
            """)
    var forgetSecrets = false

    func run() throws {
        do {
            let configuration = try server.read()
            let start = try ServerStart(configuration)
            try Blocking.run {
                try await Server(
                    configuration: configuration, start: start, forgetsSecrets: forgetSecrets
                ).run()
            }
        } catch let exit as ExitCode {
            throw exit
        } catch let problems as DocumentProblems {
            Terminal.complain(problems.description)
            throw ExitCode(2)
        } catch {
            Terminal.complain("martlet: \(error)")
            throw ExitCode.failure
        }
    }
}
