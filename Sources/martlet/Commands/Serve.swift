import ArgumentParser
import Daemon
import Documents

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive mail until SIGTERM. SIGHUP reads the rules anew.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        do {
            try await Server(configuration: try server.read()).run()
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
