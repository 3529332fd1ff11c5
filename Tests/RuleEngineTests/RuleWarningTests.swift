import Documents
import RuleEngine
import TestSupport
import Testing

/// What is said of rules that load, and that can never do what they say.
@Suite struct RuleWarningTests {
    static let files = (try? ProjectFiles.fixtures(in: "rule-warnings", ending: ".yaml")) ?? []

    @Test func thereAreFiles() {
        #expect(Self.files.count >= 4)
    }

    /// Each file stands beside the warnings about it, all of them.
    @Test(arguments: files)
    func namesWhatNeverHappens(_ file: String) throws {
        let path = ProjectFiles.fixture("rule-warnings/\(file)")
        let text = try ProjectFiles.text(path)
        let ruleSet = try RuleDocument.read(text, file: file, catalogue: .unchecked)
        let found = RuleDocument.warnings(
            about: ruleSet, in: text, file: file, mailBytesMax: 1_000_000
        ).map { "\($0)\n" }.joined()
        #expect(!found.isEmpty)
        #expect(
            try Golden.text(path.replacing(".yaml", with: ".warnings"), updatedTo: found) == found)
    }

    @Test func namesTheLinesOfSESsJSON() throws {
        let text = """
            {"Metadata": {"Name": "a"}, "Rules": [
              {"Name": "all", "Enabled": true, "Actions": [
                {"StopAction": {"Scope": "RuleSet"}},
                {"AddHeaderAction": {"HeaderName": "X-A", "HeaderValue": "a"}}]},
              {"Name": "late", "Enabled": true, "Recipients": ["x.example"], "Actions": []}]}
            """
        let ruleSet = try SESRuleDocument.read(text, file: "a.json", catalogue: .unchecked)
        let warnings = RuleDocument.warnings(about: ruleSet, in: text, file: "a.json")
        #expect(warnings.map(\.line) == [4, 5])
        #expect(warnings.map(\.path) == ["Rules[0].Actions[1]", "Rules[1]"])
    }

    /// Without the limit nobody knows how large a mail may be.
    @Test func knowsTheLargestMailByTheConfiguration() throws {
        let text = "ruleSet: a\nrules:\n  - {name: r, when: [{size: {above: 5}}], actions: []}\n"
        let ruleSet = try RuleDocument.read(text, file: "a", catalogue: .unchecked)
        func count(_ mailBytesMax: Int?) -> Int {
            RuleDocument.warnings(
                about: ruleSet, in: text, file: "a", mailBytesMax: mailBytesMax
            ).count
        }
        #expect([nil, 4, 5, 6].map(count) == [0, 1, 1, 0])
    }

    /// What the project shows is no example of it.
    @Test(arguments: RuleDocumentTests.shipped)
    func hasNothingToSayOfWhatIsShipped(_ file: String) throws {
        let text = try ProjectFiles.text("\(ProjectFiles.root)/rules/\(file)")
        let ruleSet = try RuleDocument.read(
            text, file: file, catalogue: try RuleDocumentTests.catalogue(of: file))
        #expect(RuleDocument.warnings(about: ruleSet, in: text, file: file).isEmpty)
    }
}
