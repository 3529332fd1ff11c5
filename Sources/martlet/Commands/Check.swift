import ArgumentParser
import Daemon
import Documents
import RuleEngine

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and its rule sets, without a server.")

    @OptionGroup var server: ServerOptions

    @Flag(help: "Print a commented configuration with every setting instead.")
    var sample = false

    func run() async throws {
        if sample { return Terminal.write(ConfigurationSample.text) }
        let configuration = try server.read()
        var problems: [DocumentProblem] = []
        var sets: [String] = []
        do throws(DocumentProblems) {
            for (file, text) in try RuleFolder(path: configuration.rulesDirectory).read() {
                do throws(DocumentProblems) {
                    sets.append(
                        try RuleDocument.read(
                            text, file: file, catalogue: configuration.catalogue
                        ).name)
                } catch {
                    problems += error.problems
                }
            }
        } catch {
            problems += error.problems
        }
        if let active = configuration.activeRuleSet, !sets.contains(active), problems.isEmpty {
            problems.append(
                DocumentProblem(
                    file: configuration.file, line: nil, path: "rules.active",
                    message: "there is no rule set “\(active)”"
                        + NearMiss.hint(active, among: sets)))
        }
        guard problems.isEmpty else {
            for problem in problems { Terminal.complain(problem.description) }
            throw ExitCode(2)
        }
        for warning in configuration.warnings { Terminal.complain("warning: \(warning)") }
        Terminal.write(
            "\(configuration.file): ok; \(sets.count) rule set(s): "
                + "\(sets.joined(separator: ", "))\n")
    }
}
