import ArgumentParser
import ControlPlane
import RuleEngine
import Storage

extension RulesCommand {
    /// A set that the server has, as it is or as it was in force as `version`.
    static func ruleSet(
        _ name: String, _ version: String?, of server: ServerOptions
    ) throws -> (view: RuleSetTextView, rules: ReceiptRuleSet) {
        guard
            case .ruleSet(let view) = try server.ask(.showRuleSet(name: name, version: version)),
            let rules = ReceiptRuleSet(canonicalJSON: view.canonicalJSON)
        else { throw ExitCode.failure }
        return (view, rules)
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the versions of rule sets that were in force.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "A set's name; all sets by default.")
        var name: String?

        func run() async throws {
            guard
                case .ruleVersions(let versions) = try server.ask(.listRuleVersions(name: name))
            else { return }
            if output.json { return try Terminal.json(versions) }
            Terminal.table(
                ["", "VERSION", "RULE SET", "IN FORCE SINCE", "WHY", "MAILS"],
                versions.map {
                    [
                        $0.isInForce ? "*" : "", $0.version, $0.ruleSet, $0.inForceAt,
                        $0.cause.map(Self.text) ?? "", "\($0.mails)",
                    ]
                })
        }

        private static func text(_ cause: RuleSetCause) -> String {
            switch cause {
            case .start: "server started"
            case .files: "files read anew"
            case .activation: "activated"
            case .rollback: "rolled back"
            }
        }
    }

    struct Changes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What differs between two versions of a rule set.",
            discussion: """
                Which past mails a version would treat differently: martlet rules diff NAME \
                --version VERSION.

                The status is 1 where something differs.
                """)

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The set's name.")
        var name: String

        @Argument(help: "A version that was in force, or how it begins.")
        var old: String

        @Argument(help: "Another; the set as its file has it now by default.")
        var new: String?

        func run() async throws {
            let before = try RulesCommand.ruleSet(name, old, of: server)
            let after = try RulesCommand.ruleSet(name, new, of: server)
            let changes = RuleSetChanges(from: before.rules, to: after.rules)
            if output.json {
                try Terminal.json(changes)
            } else {
                Terminal.write("--- \(name) (\(before.view.version))\n")
                Terminal.write("+++ \(name) (\(after.view.version))\n")
                RuleChangesText.write(changes)
            }
            if !changes.isEmpty { throw ExitCode.failure }
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a former version of a rule set back.",
            discussion: """
                Its text takes the place of the set's file in the rules folder, and so do those of the \
                address lists that it names. Mails on their way stay with their version.
                """)

        @OptionGroup var server: ServerOptions

        @Argument(help: "The set's name.")
        var name: String

        @Option(help: "The version, or how it begins; by default the one before the file as it is.")
        var to: String?

        func run() async throws {
            try server.tell(.rollBackRules(name: name, version: to))
        }
    }
}
