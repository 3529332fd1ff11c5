import ArgumentParser
import Daemon

struct AuthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Who sent a mail, and why it is held to be so.",
        subcommands: [Verify.self])

    /// Works on a file, and the DNS.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the mail in a file as the server would, step by step.",
            discussion: """
                Needs no server. Asks the DNS of the configuration that -c names, or else the \
                system's. Without --ip, SPF and the client's name are not checked.
                """)

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("The configuration whose DNS is asked.", valueName: "file"))
        var config: String?

        @Option(
            help: ArgumentHelp(
                "A public suffix list: DMARC by RFC 7489, as older receivers do it.",
                valueName: "file"))
        var publicSuffixes: String?

        @OptionGroup var output: OutputOptions
        @OptionGroup var sender: ClientOptions

        @Argument(help: "The mail's file; - for standard input.", completion: .file())
        var file: String

        func run() async throws {
            let mail = try MailFile.bytes(file)
            let asked = try config.map { try ServerOptions.reading($0) }
            let inspection = try await AuthenticationInspection(
                of: mail, from: sender.client, by: asked,
                publicSuffixes: publicSuffixes.map { try MailFile.bytes($0) })
            if output.json { return try Terminal.json(inspection) }
            for check in inspection.checks {
                Terminal.write(
                    Terminal.bold("\(Terminal.printable(check.method))=\(check.result)")
                        + "  \(Terminal.printable(check.reason))\n")
                for step in check.steps { Terminal.write("    \(Terminal.printable(step))\n") }
            }
            Terminal.write("\n")
            for line in inspection.authenticationResults.split(separator: "\n") {
                Terminal.write("\(Terminal.printable(String(line)))\n")
            }
        }
    }
}
