import ArgumentParser
import ControlPlane
import Foundation
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

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        func run() async throws {
            try IdentityCommand.show(
                server.ask(.changeSender(identity: name, .startEasyDKIM)), asJSON: output.json)
        }
    }

    struct Bring: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign with a key of your own, once its record is found.",
            discussion: "Until then, the keys that sign now go on.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        @Argument(help: "Where its record stands: SELECTOR._domainkey.example.com")
        var selector: String

        @Argument(
            help: """
                A file with the private key: RSA or Ed25519, as PEM without a password or the base64 \
                of its DER.
                """)
        var file: String

        func run() async throws {
            guard let data = FileManager.default.contents(atPath: file),
                let key = String(validating: data, as: UTF8.self)
            else {
                Terminal.complain("martlet: \(file) cannot be read as text")
                throw ExitCode.failure
            }
            try IdentityCommand.show(
                server.ask(
                    .changeSender(identity: name, .bringDKIMKey(selector: selector, key: key))),
                asJSON: output.json)
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sign a domain's mail again.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        func run() async throws {
            try IdentityCommand.show(
                server.ask(.changeSender(identity: name, .setSigning(true))), asJSON: output.json)
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a domain's mail no longer; its keys and records stay.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        func run() async throws {
            try IdentityCommand.show(
                server.ask(.changeSender(identity: name, .setSigning(false))),
                asJSON: output.json)
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

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Flag(help: "Take no mail of the identity while the records are not there.")
        var reject = false

        @Argument(help: "example.com")
        var name: String

        @Argument(help: "bounces.example.com")
        var domain: String

        func run() async throws {
            let change = SenderChange.setMailFrom(
                domain, reject ? .rejectMessage : .useDefaultValue)
            try IdentityCommand.show(
                server.ask(.changeSender(identity: name, change)), asJSON: output.json)
        }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use the server's own domain for return paths again.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "example.com")
        var name: String

        func run() async throws {
            try IdentityCommand.show(
                server.ask(.changeSender(identity: name, .clearMailFrom)), asJSON: output.json)
        }
    }
}
