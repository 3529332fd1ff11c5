import ArgumentParser
import Daemon

/// Objects in buckets, as files.
struct ObjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "object", abstract: "Read objects that are encrypted.",
        subcommands: [Decrypt.self])

    struct Decrypt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write what is in an encrypted object to standard output.",
            discussion: """
                Needs no server. Nothing is written unless all of the object is as it was stored; \
                what it was stored as, BUCKET/KEY, goes to standard error.
                """)

        @Option(
            help: ArgumentHelp(
                "The bucket's keys (buckets.*.encryption.keyFile).", valueName: "file"),
            completion: .file())
        var keyFile: String

        @Argument(help: "The object's file.", completion: .file())
        var file: String

        func run() async throws {
            let name = try SealedObjectReading.read(file, keyFile: keyFile) { piece in
                Terminal.writeBytes(piece)
            }
            Terminal.complain(Terminal.printable(name))
        }
    }
}
