import ArgumentParser
import ControlPlane
import Storage

struct MailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail", abstract: "Received mails: list, show, ask why, read.",
        subcommands: [List.self, Show.self, Trace.self, Raw.self, Inspect.self])

    static func table(_ mails: [MailView]) {
        Terminal.table(
            ["ID", "RECEIVED", "STATE", "BYTES", "FROM", "TO"],
            mails.map {
                [
                    $0.id, $0.receivedAt, MailText.state($0),
                    "\($0.bytes)", "<\($0.mailFrom)>", $0.recipients.joined(separator: ","),
                ]
            })
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List mails, the newest first.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Flag(help: "Only mails that no rule took.")
        var untaken = false

        @Option(help: "Only mails whose sender or a recipient contains this.")
        var address: String?

        @Option(help: "Only mails that a rule has tagged so: name=value, or name for any value.")
        var tag: String?

        @Option(help: "At most this many.")
        var limit = 50

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit is 1 or more") }
        }

        func run() async throws {
            var filter = MailFilter()
            filter.isUntakenOnly = untaken
            filter.address = address
            filter.tag = tag
            filter.limit = limit
            guard case .mails(let mails) = try server.ask(.listMails(filter)) else { return }
            if output.json { return try Terminal.json(mails) }
            MailCommand.table(mails)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a mail's envelope, and what became of each of its actions.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            guard case .mail(let detail) = try server.ask(.showMail(id: id)) else { return }
            if output.json { return try Terminal.json(detail) }
            MailText.write(detail)
        }
    }

    struct Trace: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Why a mail went as it went: rules, conditions, actions, and who was asked.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            guard case .trace(let trace) = try server.ask(.traceMail(id: id)) else { return }
            if output.json { return try Terminal.json(trace) }
            Terminal.write(
                "mail \(trace.mail.id) by rule set “\(trace.ruleSet)” (\(trace.ruleSetVersion))\n")
            if let mark = trace.mail.replay { Terminal.write("replay \(MailText.text(mark))\n") }
            TraceText.write(trace.rules)
            VerdictText.write(trace.verdicts, trace.inquiries)
        }
    }

    struct Raw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a mail's raw bytes to standard output.")

        @OptionGroup var server: ServerOptions

        @Flag(help: "As stored: with the header block that was put before it.")
        var stored = false

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            guard case .raw(let bytes) = try server.ask(.rawMail(id: id, isStored: stored)) else {
                return
            }
            Terminal.writeBytes(Array(bytes))
        }
    }
}
