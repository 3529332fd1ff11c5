import ArgumentParser

/// The program. It has one thread until a command wants more: `serve` forks before that.
@main
enum Program {
    static func main() {
        do {
            var command = try Martlet.parseAsRoot()
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
            Martlet.exit(withError: error)
        }
    }
}
