import ArgumentParser
import ControlPlane
import DeliveryQueue
import Storage

/// `martlet queue sent`
struct QueueSentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sent",
        abstract: "Mails that are sent: list, show, hold, release, retry, bounce, remove.",
        discussion: """
            What changes mails takes message ids, or the options that choose some (--to-domain, \
            --older-than, ...), or --all; --dry-run says how many recipients it would be.
            """,
        subcommands: [
            List.self, Show.self, Hold.self, Release.self, Retry.self, Bounce.self, Remove.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List recipients of sent mails, the newest mails first.",
            discussion: "Those that are not done with, unless --state says otherwise.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var choice: SentMailChoice

        @Option(
            help: """
                queued, held, delivered, bounced, complained, suppressed or removed; several times.
                """)
        var state: [SentRecipient.State] = []

        @Option(help: "At most this many.")
        var limit = 100

        func validate() throws {
            guard (1...SentMailOperations.pageMax).contains(limit) else {
                throw ValidationError("--limit is 1 to \(SentMailOperations.pageMax)")
            }
        }

        func run() async throws {
            var filter = choice.filter
            filter.states = state
            filter.limit = limit
            let answer = try server.ask(.sending(.listSent(filter)))
            guard case .sending(.sentRecipients(let list)) = answer else { return }
            if output.json { return try Terminal.json(list) }
            QueueSentCommand.table(list)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a sent mail, and what became of each recipient.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The message id, or how it begins.")
        var id: String

        func run() async throws {
            guard case .sending(.sentMail(let mail)) = try server.ask(.sending(.showSent(id: id)))
            else { return }
            if output.json { return try Terminal.json(mail) }
            Terminal.row("id", mail.messageID)
            Terminal.row("accepted", mail.acceptedAt)
            Terminal.row("state", mail.state)
            Terminal.row("from", mail.sender.isEmpty ? "<>" : mail.sender)
            Terminal.row("identity", mail.identity)
            Terminal.row("caller", mail.caller)
            if let set = mail.configurationSet { Terminal.row("set", set) }
            for (name, values) in mail.tags.sorted(by: { $0.key < $1.key }) {
                Terminal.row("tag", "\(name)=\(values.joined(separator: ","))")
            }
            Terminal.row("bytes", "\(mail.bytes)")
            Terminal.write("\n")
            Terminal.table(
                ["RECIPIENT", "STATE", "TRIES", "LAST", "NEXT", "UNTIL", "SAYS"],
                mail.recipients.map {
                    [
                        $0.recipient, $0.state, "\($0.attempts)", $0.lastAttemptAt ?? "-",
                        $0.nextAttemptAt ?? "-", $0.expiresAt, $0.lastWord ?? "-",
                    ]
                })
            let resting = mail.recipients.compactMap(\.waitsFor).map(SendingText.line)
            guard !resting.isEmpty else { return }
            Terminal.write("\n")
            for line in Set(resting).sorted() { Terminal.row("rests", line) }
        }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try recipients no longer, until they are released.")

        @OptionGroup var change: SentMailChangeOptions

        func run() async throws { try change.apply(.hold) }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let held recipients be tried again; who is scheduled stays so.")

        @OptionGroup var change: SentMailChangeOptions

        func run() async throws { try change.apply(.release) }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try those that wait now, and their destinations whatever they rest for.",
            discussion: "Mails that are scheduled for later stay so.")

        @OptionGroup var change: SentMailChangeOptions

        func run() async throws { try change.apply(.retry) }
    }

    struct Bounce: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send mails back: their senders are told, and there is a Bounce event.",
            discussion: "The addresses do not come onto the suppression list by it.")

        @OptionGroup var change: SentMailChangeOptions

        func run() async throws { try change.apply(.bounce) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take recipients out of the queue for good; nobody is told.")

        @OptionGroup var change: SentMailChangeOptions

        func run() async throws { try change.apply(.remove) }
    }

    static func table(_ list: [SentRecipientView]) {
        Terminal.table(
            ["ID", "ACCEPTED", "STATE", "TRIES", "NEXT", "FROM", "TO", "SAYS"],
            list.map {
                [
                    $0.messageID, $0.acceptedAt, $0.state, "\($0.attempts)",
                    $0.nextAttemptAt ?? "-", "<\($0.sender)>", "<\($0.recipient)>",
                    $0.lastWord ?? "-",
                ]
            })
    }
}

/// Which recipients of sent mails.
struct SentMailChoice: ParsableArguments {
    @Option(help: "Only this message id, or the one that begins so.")
    var messageID: String?

    @Option(help: "Only recipients at this domain.")
    var toDomain: String?

    @Option(help: "Only recipients whose address contains this.")
    var to: String?

    @Option(help: "Only mails whose sender contains this.")
    var from: String?

    @Option(help: "Only mails taken longer ago than this: 90s, 30m, 2h, 1d.")
    var olderThan: TimeSpan?

    var filter: SentMailFilter {
        var filter = SentMailFilter()
        filter.messageID = messageID
        filter.toDomain = toDomain
        filter.to = to
        filter.from = from
        filter.olderThanSeconds = olderThan?.seconds
        return filter
    }
}

/// Of a change: to whom, and whether at all.
struct SentMailChangeOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var choice: SentMailChoice

    @Flag(help: "Every mail.")
    var all = false

    @Flag(help: "Only say how many recipients it would be.")
    var dryRun = false

    @Argument(help: "Message ids, or how they begin.")
    var ids: [String] = []

    func validate() throws {
        let isChosen = !choice.filter.isEmpty || !ids.isEmpty
        guard isChosen || all || dryRun else {
            throw ValidationError("name message ids, choose by options, or say --all")
        }
        guard !(isChosen && all) else {
            throw ValidationError("--all means every mail: leave it out, or what chooses some")
        }
        guard ids.isEmpty || choice.messageID == nil else {
            throw ValidationError("message ids stand alone, or in --message-id")
        }
    }

    func apply(_ change: SentMailChange) throws {
        var sum = SentMailChangeView(change: change.rawValue, isDry: dryRun)
        for id in ids.isEmpty ? [choice.messageID] : ids.map(Optional.some) {
            var filter = choice.filter
            filter.messageID = id
            let answer = try server.ask(
                .sending(.changeSent(change, filter, isDry: dryRun)))
            guard case .sending(.sentMailChange(let view)) = answer else { return }
            sum.count += view.count
            sum.busy += view.busy
        }
        if output.json { return try Terminal.json(sum) }
        let verb = dryRun ? "it would be" : "done:"
        let busy =
            sum.busy == 0
            ? "" : "; \(sum.busy) are being tried at this moment, and were left alone"
        Terminal.write("\(change.rawValue): \(verb) \(sum.count) recipient(s)\(busy)\n")
    }
}

extension SentRecipient.State: ExpressibleByArgument {}
