import TestSupport
import Testing

/// What belongs together in the project: targets and their description, fixtures and their
/// readers, samples and those who mention them.
@Suite struct ProjectTests {
    // MARK: Documents

    static let documents = ProjectTree.files.filter { $0.hasSuffix(".md") }

    @Test(arguments: [
        "ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
    ])
    func thereIs(_ document: String) {
        #expect(Self.documents.contains(document))
    }

    /// Lines outside of code.
    static func prose(_ text: String) -> [Substring] {
        var isCode = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                return false
            }
            return !isCode
        }
    }

    @Test(arguments: documents)
    func aDocumentHasOneTitle(_ path: String) {
        let lines = Self.prose(ProjectTree.text(path))
        #expect(lines.filter { $0.hasPrefix("# ") }.count == 1)
        #expect(lines.first?.hasPrefix("# ") == true)
    }

    @Test func everyTargetIsDescribed() {
        let text = ProjectTree.text("ARCHITECTURE.md")
        let named = Set(
            text.matches(of: #/`(\w+)`|\b([A-Z]\w+)\b/#).compactMap {
                ($0.1 ?? $0.2).map(String.init)
            })
        #expect(ImportGraph.names.subtracting(named) == [])
    }

    /// Files that a document links to are there.
    @Test(arguments: documents)
    func linksLeadSomewhere(_ path: String) {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        for link in ProjectTree.text(path).matches(of: #/\]\(([^)#\s]+)(?:#[^)]*)?\)/#) {
            let target = String(link.1)
            guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
            let file = Self.normalised(folder.isEmpty ? target : "\(folder)/\(target)")
            let isThere = ProjectTree.files.contains { $0 == file || $0.hasPrefix(file + "/") }
            #expect(isThere, "\(path) links to \(target)")
        }
    }

    private static func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", !parts.isEmpty { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    // MARK: Fixtures

    /// Folders that a runner reads whole, by the endings that it reads; and the test that does.
    static let wholeFolders: [(folder: String, endings: [String], reader: String)] = [
        ("actions", [".json"], "Tests/ActionsTests/ReceiptEventTests.swift"),
        ("dialogs", [".smtp"], "Tests/InboundSMTPTests/DialogTests.swift"),
        ("events", [".json"], "Tests/EventsTests/SendingEventTests.swift"),
        ("feedback", [".eml", ".json"], "Tests/MailFlowTests/FeedbackFlowTests.swift"),
        ("fuzz", [".input"], "Tests/FuzzTests/KeptInputTests.swift"),
        ("rules", [".yaml", ".problems"], "Tests/RuleEngineTests/RuleDocumentTests.swift"),
        (
            "rule-warnings", [".yaml", ".warnings"],
            "Tests/RuleEngineTests/RuleWarningTests.swift"
        ),
        ("stores", [""], "Tests/StorageTests/StoreUpgradeTests.swift"),
        (
            "config-bad", ["/config.yaml", "/expected.txt", ".yaml"],
            "Tests/DaemonTests/BadConfigurationTests.swift"
        ),
    ]

    static let fixtures = ProjectTree.files(under: "Tests/Fixtures")

    @Test(arguments: wholeFolders.map(\.folder))
    func aFolderHasItsReader(_ folder: String) throws {
        let entry = try #require(Self.wholeFolders.first { $0.folder == folder })
        #expect(ProjectTree.text(entry.reader).contains("\"\(folder)"))
        #expect(!ProjectTree.files(under: "Tests/Fixtures/\(folder)").isEmpty)
    }

    /// A fixture that no runner reads is named by a test.
    @Test(arguments: fixtures)
    func aFixtureIsRead(_ path: String) {
        let inner = path.dropFirst("Tests/Fixtures/".count)
        let folder = inner.prefix { $0 != "/" }
        let isReadWhole = Self.wholeFolders.contains { entry in
            entry.folder == folder && entry.endings.contains { path.hasSuffix($0) }
        }
        let name = inner.split(separator: "/").last ?? inner
        let stem = name.prefix { $0 != "." }
        let marks = ["\"\(name)\"", "/\(name)\"", "\"\(stem)\""]
        #expect(isReadWhole || !Self.tests.holding(marks).isEmpty)
    }

    static let tests = texts {
        $0.hasPrefix("Tests/") && ($0.hasSuffix(".swift") || $0.hasSuffix(".py"))
    }

    private static func texts(_ isWanted: (String) -> Bool) -> TextLines {
        TextLines(ProjectTree.files.filter(isWanted).map(ProjectTree.text).joined(separator: "\n"))
    }

    // MARK: Rules and samples

    static let shown = ProjectTree.files(under: "rules") + ProjectTree.files(under: "samples")

    static let mentions = texts {
        $0.hasPrefix("Tests/") || $0.hasSuffix(".md") || $0.hasPrefix("scripts/")
            || $0 == "Makefile"
    }

    /// What we show to people is run by a test or explained by a document.
    @Test(arguments: shown)
    func aSampleIsMentioned(_ path: String) {
        let short = path.split(separator: "/").dropFirst().joined(separator: "/")
        #expect(!Self.mentions.holding([path, "/\(short)"]).isEmpty)
    }
}
