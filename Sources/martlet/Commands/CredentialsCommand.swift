import ArgumentParser
import ControlPlane

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "Access keys of programs: create, list, disable, enable, delete.",
        subcommands: [
            List.self, Create.self, Disable.self, Enable.self, Delete.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all access keys.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .sending(.accessKeys(let keys)) = try server.ask(.accessKeys(.list))
            else { return }
            if output.json { return try Terminal.json(keys) }
            Terminal.table(
                ["ACCESS KEY", "STATUS", "CREATED", "LAST USED", "NAME"],
                keys.map {
                    [$0.id, $0.status, $0.createdAt, $0.lastUsedAt ?? "never", $0.name]
                })
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an access key, and show its secret and its SMTP password this once.",
            discussion: """
                The user name of SMTP is the id. The password is derived from the secret as SES \
                derives it, and is not the secret.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "Who uses it: a name for people.")
        var name: String

        func run() async throws {
            let answer = try server.ask(.accessKeys(.create(name: name)))
            guard case .sending(.newAccessKey(let key)) = answer else { return }
            if output.json { return try Terminal.json(key) }
            Terminal.write(
                """
                access key id      \(key.id)
                secret access key  \(key.secret)
                SMTP user name     \(key.id)
                SMTP password      \(key.smtpPassword)  (region \(key.region))
                Nobody can show the secret and the password again.

                """)
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an access key no longer, until it is enabled again.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The access key's id.")
        var id: String

        func run() async throws {
            try server.tell(.accessKeys(.setActive(false, id: id)))
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a disabled access key again.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The access key's id.")
        var id: String

        func run() async throws {
            try server.tell(.accessKeys(.setActive(true, id: id)))
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an access key for good.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The access key's id.")
        var id: String

        func run() async throws {
            try server.tell(.accessKeys(.delete(id: id)))
        }
    }
}
