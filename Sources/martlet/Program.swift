import ArgumentParser
import Glibc

/// The program, and by the names of sendmail another one. It has one thread until a command wants more: `serve` forks before that.
@main
enum Program {
    static func main() {
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        if SendmailOptions.names.contains(name) {
            exit(Sendmail.run(Array(CommandLine.arguments.dropFirst()), as: name))
        }
        do {
            var command = try parsed(Array(CommandLine.arguments.dropFirst()))
            if let asynchronous = command as? any AsyncParsableCommand {
                // This thread does nothing but wait until the other is done with it.
                nonisolated(unsafe) let only = asynchronous
                try Blocking.run {
                    var command = only
                    try await command.run()
                }
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// The parser's own end would print arguments as they came. Help and the version are no errors.
    private static func end(_ error: any Error) -> Never {
        let (text, code) = (Martlet.fullMessage(for: error), Martlet.exitCode(for: error))
        if !text.isEmpty {
            if code.isSuccess {
                Terminal.write(text + "\n")
            } else {
                Terminal.complain(text)
            }
        }
        exit(code.rawValue)
    }

    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        do {
            return try Martlet.parseAsRoot(arguments)
        } catch {
            guard Martlet.exitCode(for: error) == .validationFailure else { throw error }
            throw CommandTypo.error(in: arguments) ?? error
        }
    }
}
