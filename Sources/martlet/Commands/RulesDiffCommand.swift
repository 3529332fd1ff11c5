import ArgumentParser
import ControlPlane
import RuleEngine

extension RulesCommand {
    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which past mails a draft would treat differently, and how.",
            discussion: """
                The draft and the set in force are asked about the last mails as they came; a \
                handler is taken to answer what it answered to the mail, or else CONTINUE. Nothing \
                is done.

                The status is 1 where a mail differs.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(
            help: "A YAML file, SES's JSON by its .json, or the name of a set that the server has.")
        var draft: String

        @Option(help: "A former version of that set, or how it begins.")
        var version: String?

        @Option(help: "How many mails to look at, the newest first.")
        var last = 100

        func run() async throws {
            guard
                case .ruleComparison(let comparison) = try server.ask(
                    .compareRules(draft: try ruleSet(), last: last))
            else { return }
            if output.json { try Terminal.json(comparison) } else { Self.write(comparison) }
            if !comparison.differing.isEmpty { throw ExitCode.failure }
        }

        private var isFile: Bool { [".yaml", ".json"].contains(where: draft.hasSuffix) }

        func validate() throws {
            if isFile, version != nil {
                throw ValidationError("a file has no versions: --version stands with a set's name")
            }
        }

        private func ruleSet() throws -> ReceiptRuleSet {
            isFile
                ? try RulesCommand.read(draft)
                : try RulesCommand.ruleSet(draft, version, of: server).rules
        }

        private static func write(_ comparison: RuleComparisonView) {
            Terminal.write("--- \(comparison.active)\n+++ \(comparison.draft)\n")
            for one in comparison.differing {
                let recipients = one.mail.recipients.joined(separator: ", ")
                Terminal.write(
                    "\n\(Terminal.bold(one.mail.id))  \(one.mail.receivedAt)  "
                        + Terminal.printable("<\(one.mail.mailFrom)> to \(recipients)") + "\n")
                for step in one.steps {
                    let whom = step.recipient.map { " for \($0)" } ?? ""
                    let line = Terminal.printable(
                        "\(step.isNew ? "+" : "-") \(step.rule)\(whom): \(step.action)")
                    Terminal.write("\(step.isNew ? Terminal.green(line) : Terminal.red(line))\n")
                }
            }
            Terminal.write(
                "\n\(comparison.differing.count) of \(comparison.mails) mails differ\n")
        }
    }
}
