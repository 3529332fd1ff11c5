import ArgumentParser
import ControlPlane
import Daemon
import Documents
import Foundation
import MailModel
import RuleEngine

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Receipt rules: check, look at, put into force, ask why.",
        subcommands: [
            CheckFile.self, List.self, Show.self, Activate.self, Reload.self, Explain.self,
            Diff.self, Test.self, Versions.self, Changes.self, Rollback.self, Import.self,
            Export.self,
        ])

    /// A rule set from a YAML file, with the address lists that stand beside it, or from SES's JSON by
    /// its `.json`; prints every problem and ends with status 2 where it has any. `workMail`: what is
    /// done in the place of SES's `WorkmailAction`. `isWarning`: prints what of it can never happen, too.
    static func read(
        _ file: String, workMail: ReceiptAction? = nil, isWarning: Bool = false
    ) throws -> ReceiptRuleSet {
        var catalogue = RuleCatalogue.unchecked
        catalogue.workMail = workMail
        do throws(DocumentProblems) {
            let text = try DocumentFile.text(file)
            let ruleSet =
                file.hasSuffix(".json")
                ? try SESRuleDocument.read(text, file: file, catalogue: catalogue)
                : try read(text, of: file)
            guard isWarning else { return ruleSet }
            for warning in RuleDocument.warnings(about: ruleSet, in: text, file: file) {
                Terminal.complain("warning: \(warning)")
            }
            return ruleSet
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(2)
        }
    }

    /// Only lists that the set names have to be whole.
    private static func read(
        _ text: String, of file: String
    ) throws(DocumentProblems) -> ReceiptRuleSet {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().relativePath
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var lists = AddressLists()
        for name in names.sorted() where name.hasSuffix(".list") && !name.hasPrefix(".") {
            lists.read(try DocumentFile.text("\(folder)/\(name)"), file: "\(folder)/\(name)")
        }
        var catalogue = RuleCatalogue.unchecked
        catalogue.lists = lists.entries
        let ruleSet = try RuleDocument.read(text, file: file, catalogue: catalogue)
        let problems = lists.broken(in: ruleSet).compactMap { lists.broken[$0]?.problems }
        guard problems.isEmpty else { throw DocumentProblems(problems.flatMap(\.self)) }
        return ruleSet
    }

    struct CheckFile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check rule files by themselves, without a server.")

        @Argument(help: "YAML files, or SES's JSON by their .json")
        var files: [String]

        func run() async throws {
            var isWrong = false
            for file in files {
                do {
                    let ruleSet = try RulesCommand.read(file, isWarning: true)
                    Terminal.write(
                        "\(file): ok; “\(ruleSet.name)” with \(ruleSet.rules.count) rule(s), "
                            + "version \(RuleEvaluator(ruleSet: ruleSet).version)\n")
                } catch is ExitCode {
                    isWrong = true
                }
            }
            if isWrong { throw ExitCode(2) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the rule sets.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .ruleSets(let sets) = try server.ask(.listRuleSets) else { return }
            if output.json { return try Terminal.json(sets) }
            Terminal.table(
                ["", "RULE SET", "RULES", "FILE"],
                sets.map { [$0.isActive ? "*" : "", $0.name, "\($0.rules)", $0.file] })
            for problem in sets.flatMap(\.problems) { Terminal.complain(problem) }
            guard !sets.contains(where: \.isActive),
                case .status(let status) = try server.ask(.status)
            else { return }
            Terminal.write(
                "“\(status.activeRuleSet)” is in force as it was read before "
                    + "(\(status.ruleSetVersion))\n")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a rule set as its server understands it, or a former version's file.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The set's name; the one in force by default.")
        var name: String?

        @Option(help: "A version that was in force, or how it begins: the text of its file.")
        var version: String?

        @Option(help: "The text of this address list of the version instead.")
        var list: String?

        func validate() throws {
            if list != nil, version == nil { throw ValidationError("--list wants a --version") }
        }

        func run() async throws {
            guard
                case .ruleSet(let ruleSet) = try server.ask(
                    .showRuleSet(name: name, version: version))
            else { return }
            guard let list else {
                return Terminal.write(
                    version == nil
                        ? "# version \(ruleSet.version)\n\(ruleSet.yaml)" : ruleSet.yaml)
            }
            guard let text = ruleSet.lists[list] else {
                Terminal.complain(
                    "martlet: version \(ruleSet.version) names no list “\(list)”"
                        + NearMiss.hint(list, among: ruleSet.lists.keys.sorted()))
                throw ExitCode.failure
            }
            Terminal.write(text)
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a rule set into force for mails from now on.")

        @OptionGroup var server: ServerOptions

        @Flag(help: "No set: no mail is taken.")
        var none = false

        @Argument(help: "The set's name.")
        var name: String?

        func validate() throws {
            if none == (name != nil) { throw ValidationError("a name, or --none") }
        }

        func run() async throws {
            try server.tell(.activateRuleSet(name: name))
        }
    }

    struct Reload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the rule files anew, as SIGHUP and a change do.")

        @OptionGroup var server: ServerOptions

        func run() async throws {
            try server.tell(.reloadRules)
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "SES's JSON (aws ses describe-receipt-rule-set) as a YAML rule file.")

        @Argument(help: "The JSON file.")
        var file: String

        @Option(name: .shortAndLong, help: "Where to write; standard output by default.")
        var output: String?

        @Option(
            help: """
                Where the mailboxes of a WorkmailAction are: deliver=NAME, a Maildir of the \
                configuration, or relay=NAME, a host.
                """)
        var workmail: String?

        func validate() throws {
            guard let workmail, SESRuleDocument.workMail(workmail) == nil else { return }
            throw ValidationError("--workmail deliver=NAME, or --workmail relay=NAME")
        }

        func run() async throws {
            let text = RuleDocument.text(
                of: try RulesCommand.read(
                    file, workMail: workmail.flatMap(SESRuleDocument.workMail)))
            guard let output else { return Terminal.write(text) }
            guard !FileManager.default.fileExists(atPath: output) else {
                Terminal.complain("martlet: \(output) exists already")
                throw ExitCode.failure
            }
            guard FileManager.default.createFile(atPath: output, contents: Data(text.utf8)) else {
                Terminal.complain("martlet: \(output) cannot be written")
                throw ExitCode.failure
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A rule file as SES's JSON; without a server.")

        @Argument(help: "The YAML file.")
        var file: String

        func run() async throws {
            let ruleSet = try RulesCommand.read(file)
            let excess = SESRuleDocument.excess(of: ruleSet)
            guard excess.isEmpty else {
                for thing in excess {
                    Terminal.complain("martlet: \(thing), which SES's rules cannot say")
                }
                throw ExitCode.failure
            }
            Terminal.write(
                SESRuleDocument.text(of: ruleSet, createdAt: SystemTime().now().iso8601Text))
        }
    }
}
