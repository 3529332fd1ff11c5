import ArgumentParser
import ControlPlane

struct IdentityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "The domains and addresses that are ours, in both directions.",
        subcommands: [
            List.self, Add.self, Show.self, Check.self, Remove.self, DKIMCommand.self,
            MailFromCommand.self, ConfigurationSetCommand.self,
        ],
        defaultSubcommand: List.self)

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a domain (with its subdomains) or an address.",
            discussion: """
                A domain is verified by a TXT record, which is printed as a line of a zone file; \
                until it is found, no mail for the domain is taken. An address, so far, is \
                verified by your word alone.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Flag(help: "It is verified by your word.")
        var trusted = false

        @Argument(help: "example.com, or user@example.com")
        var name: String

        func run() async throws {
            let answer = try server.ask(.addIdentity(name: name, isTrusted: trusted))
            if case .done(let text) = answer, !output.json {
                return Terminal.write(text + "\n")
            }
            try IdentityCommand.show(
                server.ask(.showIdentity(name: name)), asJSON: output.json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all identities, and what those that are not verified lack.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .identities(let identities) = try server.ask(.listIdentities) else { return }
            if output.json { return try Terminal.json(identities) }
            Terminal.table(
                ["IDENTITY", "KIND", "STATUS", "BY", "SINCE"],
                identities.map {
                    [
                        $0.name, $0.kind, $0.status, $0.isTrusted ? "operator" : "DNS",
                        $0.statusSince,
                    ]
                })
            for identity in identities where identity.status != "SUCCESS" {
                Terminal.write("\n" + IdentityText.lines(identity).joined(separator: "\n") + "\n")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the records to publish, and what was found instead.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com, or user@example.com")
        var name: String

        func run() async throws {
            try IdentityCommand.show(
                server.ask(.showIdentity(name: name)), asJSON: output.json)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look for a domain's records in the DNS now.",
            discussion: "Ends with status 1 where one was not found.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        func run() async throws {
            let answer = try server.ask(.checkIdentity(name: name))
            try IdentityCommand.show(answer, asJSON: output.json)
            guard case .identity(let identity) = answer else { return }
            let errors = [
                identity.errorType, identity.dkim?.errorType, identity.mailFrom?.errorType,
            ]
            if errors.contains(where: { $0 != nil }) { throw ExitCode.failure }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an identity: mail for it is refused from now on.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "example.com, or user@example.com")
        var name: String

        func run() async throws {
            try server.tell(.removeIdentity(name: name))
        }
    }

    static func show(_ answer: ControlAnswer, asJSON: Bool) throws {
        guard case .identity(let identity) = answer else { return }
        if asJSON { return try Terminal.json(identity) }
        Terminal.write(IdentityText.lines(identity).joined(separator: "\n") + "\n")
    }
}
