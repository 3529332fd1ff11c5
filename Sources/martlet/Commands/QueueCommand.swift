import ArgumentParser
import ControlPlane
import Storage

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: """
            Mails and messages on their way: list, show, retry, hold, release, remove; sent.
            """,
        subcommands: [
            List.self, Show.self, Retry.self, Hold.self, Release.self, Remove.self,
            QueueSentCommand.self, Messages.self, Resend.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                List mails whose actions have not all ended, and those held or damaged; with --dead \
                those with a dead action.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Flag(help: "Mails with a dead action instead, in whatever state.")
        var dead = false

        @Option(help: "At most this many.")
        var limit = 50

        func run() async throws {
            var filter = MailFilter()
            filter.limit = limit
            filter.hasDeadActionsOnly = dead
            if !dead { filter.states = [.acting, .held, .damaged] }
            guard case .mails(let mails) = try server.ask(.listMails(filter)) else { return }
            if output.json { return try Terminal.json(mails) }
            MailCommand.table(mails)
            guard case .status(let status) = try server.ask(.status) else { return }
            let counts = status.mails
            Terminal.write(
                "\(MailText.acting(counts)), \(counts.held) held, \(counts.damaged) damaged; "
                    + "actions: \(counts.retryingActions) retrying, \(counts.deadActions) dead; "
                    + "messages: \(status.waitingMessages) waiting, "
                    + "\(status.deadMessages) dead\n")
            if let sending = status.sending {
                Terminal.write(
                    "sent mails (martlet queue sent): \(SendingText.figures(sending))\n")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a mail and each of its actions.")

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

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Run a mail's open and dead actions now, with the whole time for retries anew.
                """,
            discussion: "A held or damaged mail has to be released first.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            try server.tell(.retryMail(id: id))
        }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run no further action of a mail until it is released.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            try server.tell(.holdMail(id: id))
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the actions of a held or damaged mail run again.",
            discussion: """
                The file of a damaged mail is put back as it is: look at it first, by martlet mail \
                raw.
                """)

        @OptionGroup var server: ServerOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            try server.tell(.releaseMail(id: id))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a mail for good; its stored objects stay.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The mail's id, or how it begins.")
        var id: String

        func run() async throws {
            try server.tell(.removeMail(id: id))
        }
    }

    struct Messages: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List messages to topics that were given up.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .deadMessages(let messages) = try server.ask(.listDeadMessages) else {
                return
            }
            if output.json { return try Terminal.json(messages) }
            Terminal.table(
                ["MESSAGE", "TOPIC", "SUBSCRIBER", "TRIES", "SINCE", "ERROR"],
                messages.map {
                    [$0.message, $0.topic, $0.subscriber, "\($0.attempts)", $0.createdAt, $0.error]
                })
        }
    }

    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Send a message to a topic again that was given up, with the whole time for retries \
                anew.
                """)

        @OptionGroup var server: ServerOptions

        @Argument(help: "The message's id.")
        var message: String

        func run() async throws {
            try server.tell(.resendMessage(id: message))
        }
    }
}
