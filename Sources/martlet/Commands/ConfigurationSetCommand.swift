import ArgumentParser
import ControlPlane

/// `martlet identity configuration-set`
struct ConfigurationSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration-set",
        abstract: "The configuration set of a domain's mails that name none: show, set, clear.",
        subcommands: [IdentityCommand.Show.self, Set.self, Clear.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have mails that name no configuration set be of this one.",
            discussion: "A mail names one by X-SES-CONFIGURATION-SET; its events tell it.")

        @OptionGroup var change: SenderChangeOptions

        @Argument(help: "1 to 64 letters, digits, “_” and “-”")
        var set: String

        func run() async throws {
            try change.apply(.setConfigurationSet(set))
        }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have mails that name no configuration set be of none.")

        @OptionGroup var change: SenderChangeOptions

        func run() async throws {
            try change.apply(.setConfigurationSet(nil))
        }
    }
}
