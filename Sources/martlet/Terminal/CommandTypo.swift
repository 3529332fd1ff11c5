import ArgumentParser
import Documents

/// A word that stands where a command is named, and names none.
///
/// The parser takes it for an argument too many of the command that goes without a name. No such
/// command has arguments.
enum CommandTypo {
    /// What to say of `arguments`, which could not be parsed; nil where each command is one.
    static func error(in arguments: [String]) -> ValidationError? {
        var command: any ParsableCommand.Type = Martlet.self
        var path: [String] = []
        for word in arguments {
            let subcommands = command.configuration.subcommands
            // After an option nobody knows whether a word is its value.
            guard !subcommands.isEmpty, !word.hasPrefix("-") else { return nil }
            path.append(word)
            if let next = subcommands.first(where: { $0._commandName == word }) {
                command = next
                continue
            }
            let hint = NearMiss.hint(word, among: subcommands.map { $0._commandName })
            return ValidationError(
                "there is no command “\(Terminal.printable(path.joined(separator: " ")))”\(hint)")
        }
        return nil
    }
}
