import ControlPlane
import Daemon
import Documents
import Foundation
import TestSupport
import Testing

/// Each folder of `config-bad` fails for the reason that it is named after, and for no other: all
/// problems at once, each with its file, line and near miss.
@Suite struct BadConfigurationTests {
    static let folders =
        (try? FileManager.default.contentsOfDirectory(
            atPath: ProjectFiles.fixture("config-bad")))?.sorted() ?? []

    @Test func thereAreBadConfigurations() {
        #expect(Self.folders.count >= 26)
    }

    /// What `martlet check` and a server say of the configuration in `folder`.
    private func problems(in folder: String) -> [DocumentProblem] {
        let configuration: Configuration
        do throws(DocumentProblems) {
            configuration = try ConfigurationDocument.read(path: "\(folder)/config.yaml")
        } catch {
            return error.problems
        }
        return LoadedRuleSets(
            RuleFolder(path: configuration.rulesDirectory), catalogue: configuration.catalogue,
            active: configuration.activeRuleSet
        ).problems
    }

    @Test(arguments: folders)
    func failsForItsReason(_ name: String) throws {
        let folder = ProjectFiles.fixture("config-bad/\(name)")
        let problems = problems(in: folder)
        // Problems name absolute paths; the fixtures lie elsewhere on every machine.
        let parent = ProjectFiles.fixture("config-bad")
        let actual =
            problems.map(\.description).joined(separator: "\n")
            .replacing("\(folder)/", with: "").replacing("\(parent)/", with: "../") + "\n"
        #expect(!problems.isEmpty)
        #expect(actual == (try Golden.text("\(folder)/expected.txt", updatedTo: actual)))
    }

    @Test func aFileThatIsNotThereSaysHowToMakeOne() {
        let path = ProjectFiles.fixture("config-bad/no-such-file.yaml")
        #expect {
            _ = try ConfigurationDocument.read(path: path)
        } throws: { error in
            "\(error)".contains("no-such-file.yaml: cannot be read")
                && "\(error)".contains("martlet check --sample")
        }
    }
}
