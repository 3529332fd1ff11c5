import ControlPlane
import Daemon
import Documents
import Foundation
import Handlers
import RuleEngine
import TestSupport
import Testing

/// What we ship reads without a problem: the commented sample, the demo, the rule sets.
@Suite struct ShippedConfigurationTests {
    private let samples = "\(ProjectFiles.root)/samples"

    @Test func theSampleIsMadeOfTheSchema() throws {
        let written = try Golden.text(
            "\(samples)/config.yaml", updatedTo: ConfigurationSample.text)
        #expect(written == ConfigurationSample.text)
    }

    @Test func theSampleIsAConfiguration() throws {
        let configuration = try ConfigurationDocument.read(
            ConfigurationSample.text, path: "/etc/martlet/martlet.yaml")
        #expect(configuration.hostname == "mx.example.com")
        #expect(configuration.listeners.map(\.address) == ["0.0.0.0"])
    }

    /// The sample shows defaults: whoever starts from it gets what stands nowhere as well.
    @Test func theSampleSaysWhatHoldsAnyway() throws {
        let least = """
            hostname: mx.example.com
            dataDirectory: /var/lib/martlet
            listeners: [{address: "0.0.0.0", port: 25}]
            """
        let path = "/etc/martlet/martlet.yaml"
        let sample = try ConfigurationDocument.read(ConfigurationSample.text, path: path)
        let plain = try ConfigurationDocument.read(least, path: path)
        #expect("\(sample)" == "\(plain)")
    }

    /// What is commented out is an example that works once the marks are gone, but for the files
    /// users and groups that another machine has.
    @Test func theExamplesInTheSampleRead() {
        let text = ConfigurationSample.text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                let bare = line.drop { $0 == " " }
                guard bare.hasPrefix("# "), bare.contains(":"), !bare.dropFirst(2).contains("# ")
                else { return String(line) }
                let indent = line.prefix { $0 == " " }
                let inner = bare.dropFirst(2)
                let key = inner.drop { $0 == " " }.prefix { $0 != ":" }
                let isSetting = !key.isEmpty && key.allSatisfy { $0.isLetter || $0.isNumber }
                return isSetting ? "\(indent)\(inner)" : String(line)
            }
            .joined(separator: "\n")
        do throws(DocumentProblems) {
            _ = try ConfigurationDocument.read(text, path: "/etc/martlet/martlet.yaml")
            Issue.record("there is no such handler user on this machine, or is there?")
        } catch {
            let others = error.problems.filter { problem in
                !problem.message.hasSuffix("No such file or directory")
                    && !problem.message.contains("there is no user")
                    && !problem.message.contains("there is no group")
            }
            #expect(others == [])
            #expect(error.problems.contains { $0.path == "handlers.ticket.user" })
            #expect(error.problems.contains { $0.path == "handlers.ticket.command" })
            #expect(error.problems.contains { $0.path == "handlers.filter.worker" })
            #expect(error.problems.contains { $0.path == "tls.certificates[0].certificate" })
        }
    }

    @Test(arguments: ["demo.yaml", "demo-sending.yaml"])
    func theDemoReadsWithItsRules(_ sample: String) throws {
        let configuration = try ConfigurationDocument.read(path: "\(samples)/\(sample)")
        #expect(configuration.rulesDirectory == "\(ProjectFiles.root)/rules")
        #expect(configuration.handlers.map(\.command) == [["\(samples)/handlers/ticket.py"]])
        let sets = try RuleFolder(path: configuration.rulesDirectory).read()
            .map { file, text in
                try RuleDocument.read(text, file: file, catalogue: configuration.catalogue)
            }
        #expect(sets.map(\.name).contains(try #require(configuration.activeRuleSet)))
        #expect(sets.count >= 2)
    }

    static let samplesWithRules = [
        "attachments", "autoreply", "digest", "lambda", "support", "tickets", "unsubscribe",
        "workflow",
    ]

    /// A sample of a folder has its rules in one of that name, and they are in force there.
    @Test(arguments: samplesWithRules)
    func aSampleReadsWithItsRules(_ name: String) throws {
        let configuration = try ConfigurationDocument.read(
            path: "\(samples)/\(name)/martlet.yaml")
        #expect(configuration.rulesDirectory == "\(ProjectFiles.root)/rules/\(name)")
        #expect(configuration.activeRuleSet == name)
        let loaded = LoadedRuleSets(
            RuleFolder(path: configuration.rulesDirectory), catalogue: configuration.catalogue,
            active: name)
        #expect(loaded.problems == [])
        #expect(loaded.sets.map(\.ruleSet.name) == [name])
    }
}
