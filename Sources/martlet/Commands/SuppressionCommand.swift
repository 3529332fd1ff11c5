import ArgumentParser
import ControlPlane
import Foundation
import MailModel
import Storage

struct SuppressionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suppression",
        abstract: "Addresses that are not sent to: list, get, put, delete, import, export.",
        discussion: """
            There is the account's list, and with --global the one above all accounts, which \
            nothing overrides.
            """,
        subcommands: [
            List.self, Get.self, Put.self, Delete.self, SuppressionImport.self, Export.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the addresses of a list, in their order.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var scope: ScopeOptions

        @Option(help: "Only those of this reason: BOUNCE or COMPLAINT.")
        var reason: SuppressionRecord.Reason?

        @Option(help: "Only addresses after this one.")
        var after: String?

        @Option(help: "At most this many.")
        var limit = 100

        func run() async throws {
            var filter = SuppressionFilter()
            filter.reasons = reason.map { [$0] } ?? []
            filter.after = after
            filter.limit = limit
            let answer = try server.ask(
                .sending(.listSuppressions(filter, isGlobal: scope.global)))
            guard case .sending(.suppressions(let list)) = answer else { return }
            if output.json { return try Terminal.json(list) }
            SuppressionCommand.table(list)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show why an address is not sent to; status 1 where it is on neither list.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "user@example.com")
        var address: String

        func run() async throws {
            let answer = try server.ask(.sending(.showSuppression(address)))
            guard case .sending(.suppressions(let list)) = answer else { return }
            if output.json { return try Terminal.json(list) }
            SuppressionCommand.table(list)
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put an address on a list, or change its reason.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var scope: ScopeOptions

        @Option(help: "BOUNCE or COMPLAINT.")
        var reason = SuppressionRecord.Reason.bounce

        @Argument(help: "user@example.com")
        var address: String

        func run() async throws {
            let entry = SuppressionEntry(address: address, reason: reason)
            _ = try server.ask(.sending(.suppress([entry], isGlobal: scope.global)))
            Terminal.write("\(address) is on \(scope.list) for \(reason.rawValue)\n")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an address from a list: it is sent to again.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var scope: ScopeOptions

        @Argument(help: "user@example.com")
        var address: String

        func run() async throws {
            let answer = try server.ask(
                .sending(.unsuppress([address], isGlobal: scope.global)))
            guard case .sending(.count(let count)) = answer, count > 0 else {
                Terminal.complain(
                    "martlet: \(address) is not on \(scope.list); on which it is, if any: "
                        + "martlet suppression get \(address)")
                throw ExitCode.failure
            }
            Terminal.write("\(address) is no longer on \(scope.list)\n")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a whole list as SES's import takes it: address,REASON.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var scope: ScopeOptions

        @Flag(help: "As lines of JSON instead of CSV.")
        var json = false

        func run() async throws {
            var filter = SuppressionFilter()
            filter.limit = SuppressionOperations.pageMax
            while true {
                let answer = try server.ask(
                    .sending(.listSuppressions(filter, isGlobal: scope.global)))
                guard case .sending(.suppressions(let list)) = answer, let last = list.last else {
                    return
                }
                for entry in list {
                    if json {
                        try Terminal.jsonLine(
                            ["emailAddress": entry.address, "reason": entry.reason])
                    } else {
                        Terminal.write("\(entry.address),\(entry.reason)\n")
                    }
                }
                filter.after = last.address
            }
        }
    }

    private static func table(_ list: [SuppressionView]) {
        Terminal.table(
            ["ADDRESS", "REASON", "LIST", "SINCE", "EVIDENCE"],
            list.map {
                [
                    $0.address, $0.reason, $0.isGlobal ? "global" : "account", $0.changedAt,
                    $0.evidence ?? $0.messageID ?? "",
                ]
            })
    }
}

/// Which of the two lists.
struct ScopeOptions: ParsableArguments {
    @Flag(help: "The list above all accounts.")
    var global = false

    var list: String { global ? "the global list" : "the account's list" }
}

extension SuppressionRecord.Reason: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}
