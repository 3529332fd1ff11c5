import ArgumentParser
import ControlPlane
import Storage

/// `martlet identity dkim`
struct DKIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim",
        abstract: "How a domain's mail is signed: show, start, bring, enable, disable.",
        subcommands: [
            IdentityCommand.Show.self, Start.self, Bring.self, Enable.self, Disable.self,
        ])

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin Easy DKIM: keys that are made and changed by the server.",
            discussion: """
                Prints what to publish. Mail is signed, by an RSA and an Ed25519 key, once it is \
                found.
                """)

        @OptionGroup var change: SenderChangeOptions

        func run() async throws {
            try change.apply(.startEasyDKIM)
        }
    }

    struct Bring: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign with a key of your own, once its record is found.",
            discussion: "Until then, the keys that sign now go on.")

        @OptionGroup var change: SenderChangeOptions

        @Argument(help: "Where its record stands: SELECTOR._domainkey.example.com")
        var selector: String

        @Argument(
            help: """
                A file with the private key: RSA or Ed25519, as PEM without a password or the base64 \
                of its DER.
                """)
        var file: String

        func run() async throws {
            let key: String
            do throws(MailSource.Failure) {
                key = try MailSource.text(file)
            } catch {
                Terminal.complain("martlet: \(Terminal.printable(error.description))")
                throw ExitCode.failure
            }
            try change.apply(.bringDKIMKey(selector: selector, key: key))
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign a domain's mail again.")

        @OptionGroup var change: SenderChangeOptions

        func run() async throws {
            try change.apply(.setSigning(true))
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a domain's mail no longer; its keys and records stay.")

        @OptionGroup var change: SenderChangeOptions

        func run() async throws {
            try change.apply(.setSigning(false))
        }
    }
}

/// `martlet identity mail-from`
struct MailFromCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail-from",
        abstract: "Where a domain's bounces go: show, set, clear.",
        subcommands: [IdentityCommand.Show.self, Set.self, Clear.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use a domain below the identity's for return paths.",
            discussion: "Prints what to publish; it is used while that is found.")

        @Flag(help: "Take no mail of the identity while the records are not there.")
        var reject = false

        @OptionGroup var change: SenderChangeOptions

        @Argument(help: "bounces.example.com")
        var domain: String

        func run() async throws {
            try change.apply(
                .setMailFrom(domain, reject ? .rejectMessage : .useDefaultValue))
        }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use the server's own domain for return paths again.")

        @OptionGroup var change: SenderChangeOptions

        func run() async throws {
            try change.apply(.clearMailFrom)
        }
    }
}

/// Of a change to how a domain sends: which one, and how the identity is shown then.
struct SenderChangeOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "example.com")
    var name: String

    func apply(_ change: SenderChange) throws {
        try IdentityCommand.show(
            server.ask(.changeSender(identity: name, change)), asJSON: output.json)
    }
}
