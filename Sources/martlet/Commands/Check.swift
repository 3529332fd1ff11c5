import ArgumentParser
import ControlPlane
import Daemon
import Documents

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and its rule sets, without a server.")

    @OptionGroup var server: ServerOptions

    @Flag(help: "Print a commented configuration with every setting instead.")
    var sample = false

    func run() async throws {
        if sample { return Terminal.write(ConfigurationSample.text) }
        let configuration = try server.read()
        let loaded = LoadedRuleSets(
            RuleFolder(path: configuration.rulesDirectory), catalogue: configuration.catalogue,
            active: configuration.activeRuleSet)
        guard loaded.problems.isEmpty else {
            for problem in loaded.problems { Terminal.complain(problem.description) }
            throw ExitCode(2)
        }
        let unreachable = try PlacesInReach(configuration).problems(
            Privileges(becoming: configuration.user))
        guard unreachable.isEmpty else {
            for problem in unreachable { Terminal.complain("\(configuration.file): \(problem)") }
            throw ExitCode(2)
        }
        let warnings =
            configuration.warnings + configuration.openSecrets
            + configuration.warnings(about: loaded.sets.map(\.ruleSet))
            + loaded.warnings.map(\.description)
            + configuration.expiryWarnings(at: SystemTime().now())
        for warning in warnings { Terminal.complain("warning: \(warning)") }
        if let system = configuration.fileSystem {
            if system.isDoubtful {
                Terminal.complain("warning: \(system.text)")
            } else {
                Terminal.write("\(system.text)\n")
            }
        }
        Terminal.write(
            "\(configuration.file): ok; \(loaded.sets.count) rule set(s): "
                + "\(loaded.names.joined(separator: ", "))\n")
    }
}
