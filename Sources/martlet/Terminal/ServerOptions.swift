import ArgumentParser
import ControlPlane
import ControlSocket
import Daemon
import Documents
import Foundation

/// Which configuration, and so which server.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The configuration file; else MARTLET_CONFIG of the environment, else \(Self.usual).",
            valueName: "file"))
    var config: String?

    private static let usual = "/etc/martlet/martlet.yaml"

    var path: String {
        let named = ProcessInfo.processInfo.environment["MARTLET_CONFIG"] ?? ""
        return config ?? (named.isEmpty ? Self.usual : named)
    }

    /// The configuration at `path`, as `read` does.
    static func reading(_ path: String) throws -> Configuration {
        var options = ServerOptions()
        options.config = path
        return try options.read()
    }

    /// The configuration; prints every problem and ends with status 2 where it has any.
    func read() throws -> Configuration {
        try complaining { () throws(DocumentProblems) in
            try ConfigurationDocument.read(path: path)
        }
    }

    private func complaining<Value>(
        _ body: () throws(DocumentProblems) -> Value
    ) throws -> Value {
        do throws(DocumentProblems) {
            return try body()
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(2)
        }
    }

    /// Asks the running server; prints why not and ends with status 1 (2 where a rule file has
    /// problems) where it does not do it.
    func ask(_ request: ControlRequest) throws -> ControlAnswer {
        guard let answer = try ask(request, until: nil, onPart: { _ in true }) else {
            throw ExitCode.failure
        }
        return answer
    }

    /// As above for what answers in parts: nil at `deadline`, or where `onPart` has seen enough.
    func ask(
        _ request: ControlRequest, until deadline: Date? = nil,
        onPart: (ControlAnswer) throws -> Bool
    ) throws -> ControlAnswer? {
        let answer: ControlAnswer?
        // A running server can be asked whatever has become of the rest of its configuration.
        let socket = try complaining { () throws(DocumentProblems) in
            try ConfigurationDocument.controlSocket(path: path)
        }
        do {
            answer = try ControlClient(path: socket).ask(
                request, until: deadline, onPart: onPart)
        } catch let failure as ControlClient.Failure {
            Terminal.complain("martlet: \(failure)")
            throw ExitCode.failure
        }
        if case .failed(let failure) = answer {
            Terminal.complain("martlet: \(failure)")
            throw failure.kind == .problems ? ExitCode(2) : ExitCode.failure
        }
        return answer
    }

    /// Where the running server listens for programs that submit.
    func submitSocket() throws -> String {
        try complaining { () throws(DocumentProblems) in
            try ConfigurationDocument.submitSocket(path: path)
        }
    }

    /// What the running server answers, where it does; nothing is printed.
    func askQuietly(_ request: ControlRequest) -> ControlAnswer? {
        guard let socket = try? ConfigurationDocument.controlSocket(path: path) else { return nil }
        return try? ControlClient(path: socket).ask(request)
    }

    /// Asks for something to be done, and says what was.
    func tell(_ request: ControlRequest) throws {
        if case .done(let text) = try ask(request) { Terminal.write(text + "\n") }
    }
}

/// For commands that list or show.
struct OutputOptions: ParsableArguments {
    @Flag(help: "As JSON, for scripts.")
    var json = false
}
