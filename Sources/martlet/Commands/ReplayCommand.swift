import ArgumentParser
import ControlPlane
import Foundation

/// `martlet replay`
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run past mails through the rules in force again.",
        subcommands: [Run.self, List.self, Show.self, Cancel.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a replay would do; with --yes, do it.",
            discussion: """
                Mails are chosen by their ids, by the options that choose some (--since, --rule, \
                ...), or by --all. They keep the ids that handlers and topics know them by, unless \
                --as-new gives them new ones. Nothing is sent to anybody without --send.

                With --bucket they are those that lie in a bucket, whether or not the spool still \
                has them. What their receiver wrote above them says from whom and for whom they \
                were; where nothing does, --to has to.

                With --yes the replay goes on until it has ended, whatever becomes of this command \
                and of the server; martlet replay list shows how far it is.

                The status is 1 where a mail is not run again, or none is chosen.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var options: ReplayOptions

        @Flag(help: "Do it.")
        var yes = false

        func run() async throws {
            if yes { try begin() } else { try preview() }
        }

        private func preview() throws {
            let answer = try server.ask(.replay(.preview(options.choice))) { part in
                guard case .replay(.page(let mails)) = part else { return true }
                for mail in mails {
                    if output.json { try Terminal.jsonLine(mail) } else { ReplayText.write(mail) }
                }
                return true
            }
            guard case .replay(.sum(let sum)) = answer else { throw ExitCode.failure }
            if output.json {
                try Terminal.jsonLine(sum)
            } else {
                Terminal.write(
                    "by rule set “\(sum.ruleSet)” (\(sum.ruleSetVersion)): "
                        + "\(sum.replayed) mail(s) would be run again\(ReplayText.left(sum.left)); "
                        + "--yes does it\n")
            }
            if sum.replayed == 0 || !sum.left.isEmpty { throw ExitCode.failure }
        }

        private func begin() throws {
            guard
                case .replay(.replay(var replay)) = try server.ask(
                    .replay(.begin(options.choice)))
            else { throw ExitCode.failure }
            let isWatched = isatty(2) == 1
            var told: String?
            while replay.state == "open" {
                if isWatched {
                    Terminal.complainInPlace("replay \(replay.number): \(replay.replayed) mails")
                }
                if replay.waitsFor != told, let reason = replay.waitsFor {
                    if isWatched { Terminal.complainInPlace("") }
                    Terminal.complain(
                        "replay \(replay.number) waits, and goes on by itself: \(reason)")
                }
                told = replay.waitsFor
                usleep(200_000)
                guard
                    case .replay(.replay(let now)) = try server.ask(
                        .replay(.show(number: replay.number)))
                else { throw ExitCode.failure }
                replay = now
            }
            if isWatched { Terminal.complainInPlace("") }
            if output.json { try Terminal.json(replay) } else { ReplayText.write(replay) }
            let isWhole = replay.state == "ended" && replay.left.isEmpty && replay.replayed > 0
            if !isWhole { throw ExitCode.failure }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List replays, the newest first.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .replay(.replays(let replays)) = try server.ask(.replay(.list)) else {
                return
            }
            if output.json { return try Terminal.json(replays) }
            Terminal.table(
                ["REPLAY", "ACCEPTED", "STATE", "RULES", "REPLAYED", "NOT"],
                replays.map { replay in
                    [
                        "\(replay.number)", replay.acceptedAt,
                        replay.state + (replay.waitsFor == nil ? "" : ", waits"),
                        replay.ruleSetVersion, "\(replay.replayed)",
                        "\(replay.left.values.reduce(0, +))",
                    ]
                })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how far a replay is.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "Its number.")
        var number: Int

        func run() async throws {
            guard
                case .replay(.replay(let replay)) = try server.ask(
                    .replay(.show(number: number)))
            else { return }
            if output.json { try Terminal.json(replay) } else { ReplayText.write(replay) }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put no further mail of a replay on its way.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "Its number.")
        var number: Int

        func run() async throws {
            try server.tell(.replay(.cancel(number: number)))
        }
    }
}

/// Which mails, and how.
struct ReplayOptions: ParsableArguments {
    @Option(
        help: """
            Only mails received since then: 2026-12-01T09:00:00Z, or 2h for two hours ago. Of a \
            bucket, objects written since then.
            """)
    var since: PastTime?

    @Option(help: "Only mails received before then; of a bucket, objects written before then.")
    var until: PastTime?

    @Option(help: "The mails that lie in this bucket, as the configuration calls it.")
    var bucket: String?

    @Option(help: "Of the bucket, only objects whose keys begin so.")
    var prefix: String?

    @Option(
        help: ArgumentHelp(
            "For whom mails of the bucket are of which nothing tells; once for each.",
            valueName: "address"))
    var to: [String] = []

    @Option(help: "Only mails with a recipient that contains this.")
    var recipient: String?

    @Option(help: "Only mails that a rule of this name took when they came.")
    var rule: String?

    @Flag(help: "Every mail.")
    var all = false

    @Flag(help: "Give the mails new ids, for who drops what they saw before.")
    var asNew = false

    @Flag(help: "Let actions that send mail (forward, relay, reply, bounce) run, too.")
    var send = false

    @Argument(help: "Mail ids, or how they begin.")
    var ids: [String] = []

    func validate() throws {
        let isChosen =
            since != nil || until != nil || recipient != nil || rule != nil || bucket != nil
        guard bucket != nil || prefix == nil && to.isEmpty else {
            throw ValidationError("--prefix and --to are about a bucket: --bucket NAME")
        }
        guard bucket == nil || rule == nil else {
            throw ValidationError(
                "what rules did when mails came, a bucket does not tell: "
                    + "leave out --rule")
        }
        guard isChosen || all || !ids.isEmpty else {
            throw ValidationError("name mail ids, choose by options, or say --all")
        }
        guard !(all && (isChosen || !ids.isEmpty)) else {
            throw ValidationError("--all means every mail: leave it out, or what chooses some")
        }
        guard !isChosen || ids.isEmpty else {
            throw ValidationError("mail ids stand alone, without the options that choose some")
        }
        guard ids.count <= ReplayChoice.idsMax else {
            throw ValidationError("at most \(ReplayChoice.idsMax) ids are named at once")
        }
    }

    var choice: ReplayChoice {
        var choice = ReplayChoice()
        choice.ids = ids
        choice.bucket = bucket
        choice.prefix = prefix
        choice.recipients = to
        choice.receivedFrom = since?.time
        choice.receivedBefore = until?.time
        choice.recipient = recipient
        choice.rule = rule
        choice.isAsNew = asNew
        choice.sends = send
        return choice
    }
}
