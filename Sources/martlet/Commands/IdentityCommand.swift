import ArgumentParser
import ControlPlane

struct IdentityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "The domains and addresses that are ours, in both directions.",
        subcommands: [Add.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a domain (with its subdomains) or an address.")

        @OptionGroup var server: ServerOptions

        @Flag(help: "It is verified by your word. (So far there is no other way.)")
        var trusted = false

        @Argument(help: "example.com, or user@example.com")
        var name: String

        func validate() throws {
            if !trusted {
                throw ValidationError(
                    "identities cannot be verified by DNS yet; say --trusted if \(name) is yours")
            }
        }

        func run() async throws {
            try server.tell(.addIdentity(name: name))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all identities.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .identities(let identities) = try server.ask(.listIdentities) else { return }
            if output.json { return try Terminal.json(identities) }
            Terminal.table(
                ["IDENTITY", "KIND", "STATUS", "BY", "SINCE"],
                identities.map {
                    [
                        $0.name, $0.kind, $0.status, $0.isTrusted ? "operator" : "check",
                        $0.createdAt,
                    ]
                })
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
}
