import ArgumentParser

/// The command line: a thin face of the control plane, and of what works on files alone.
struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "A self-hosted Amazon SES: receives mail, runs receipt rules over it, and sends.",
        discussion: """
            Exit status: 0 done, 1 not done, 2 a configuration or rule file has problems, 64 wrong \
            usage.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Check.self, SendCommand.self, SendmailCommand.self, IdentityCommand.self,
            CredentialsCommand.self,
            SuppressionCommand.self, TLSResultsCommand.self, ZoneCommand.self, RulesCommand.self,
            QueueCommand.self, ReplayCommand.self,
            TopicCommand.self, MailCommand.self, ObjectCommand.self, AuthCommand.self,
            StatusCommand.self,
            TraceCommand.self,
            BackupCommand.self, SendTest.self,
        ])
}
