import ControlPlane
import MailFlow
import MailModel
import RuleEngine
import Storage
import TestSupport
import Testing

/// Former versions of rule sets, and how one comes back.
@Suite struct RuleVersionRequestsTests {
    /// `main` in three versions, the last in force.
    private func desk() async throws -> (desk: Desk, versions: [String]) {
        let desk = try Desk()
        var versions: [String] = []
        for number in 0..<3 {
            desk.files.write("# \(number)\n\(text(number))", to: "main.yaml")
            _ = try await desk.done(.reloadRules)
            versions.append(desk.rules.current.version)
        }
        return (desk, versions)
    }

    private func text(_ number: Int, _ name: String = "main") -> String {
        WrittenRules.ruleSet(name, for: "n\(number).example")
    }

    private func views(_ desk: Desk, of name: String? = nil) async throws -> [RuleVersionView] {
        guard
            case .ruleVersions(let views) = await desk.control.perform(
                .listRuleVersions(name: name))
        else { throw Desk.Unexpected() }
        return views
    }

    private func rollBack(
        _ desk: Desk, to version: String? = nil, of name: String = "main"
    ) async throws -> String {
        try await desk.done(.rollBackRules(name: name, version: version))
    }

    @Test func listsThoseThatWereInForce() async throws {
        let (desk, versions) = try await desk()
        // One that was never in force is none.
        desk.files.write(text(9, "other"), to: "other.yaml")
        _ = try await desk.done(.reloadRules)
        let views = try await views(desk)
        #expect(views.map(\.version) == versions.reversed())
        #expect(views.map(\.isInForce) == [true, false, false])
        #expect(views.map(\.cause) == [.files, .files, .files])
        #expect(try await desk.failure(.listRuleVersions(name: "other")).kind == .notFound)
    }

    @Test func goesBackToTheOneBeforeAndForth() async throws {
        let (desk, versions) = try await desk()
        let said = try await rollBack(desk)
        #expect(
            said == """
                rules/main.yaml is written anew
                “main” is in force (\(versions[1]))
                """)
        #expect(desk.files.text("main.yaml") == "# 1\n\(text(1))")
        #expect(desk.rules.current.version == versions[1])
        _ = try await rollBack(desk)
        #expect(desk.rules.current.version == versions[2])
        _ = try await rollBack(desk, to: String(versions[0].prefix(10)))
        #expect(desk.rules.current.version == versions[0])
        let views = try await views(desk)
        #expect(views.map(\.version) == [versions[0], versions[2], versions[1]])
        #expect(views[0].cause == .rollback)
        #expect(desk.files.names == ["main.yaml"])
        // Nothing is to be done.
        let again = try await rollBack(desk, to: versions[0])
        #expect(again == "“main” is in force (\(versions[0]))")
    }

    /// The text that was there last comes back, its newest comment with it.
    @Test func keepsTheTextAsItWasLast() async throws {
        let (desk, versions) = try await desk()
        desk.files.write("# better\n\(text(2))", to: "main.yaml")
        _ = try await desk.done(.reloadRules)
        #expect(desk.rules.current.version == versions[2])
        _ = try await rollBack(desk)
        _ = try await rollBack(desk)
        #expect(desk.files.text("main.yaml") == "# better\n\(text(2))")
    }

    /// What stood in the file and no version has is kept beside it.
    @Test(arguments: [
        "rules: 7\n", "# just written\n" + WrittenRules.ruleSet("main", for: "x.example"),
    ])
    func losesNothing(_ unknown: String) async throws {
        let (desk, versions) = try await desk()
        desk.files.write(unknown, to: "main.yaml")
        let said = try await rollBack(desk, to: versions[0])
        let kept = "main.yaml.replaced-\(desk.time.now().iso8601Text)"
        #expect(desk.files.text(kept) == unknown)
        #expect(said.contains("rules/\(kept) keeps what stood there and was never in force"))
        #expect(desk.rules.current.version == versions[0])
    }

    /// What was written and is not in force, since nobody has read it or since it does not load, is
    /// what is gone back from.
    @Test(arguments: ["rules: 7\n", WrittenRules.ruleSet("main", for: "x.example")])
    func goesBackFromAnEditThatIsNotInForce(_ edit: String) async throws {
        let (desk, versions) = try await desk()
        desk.files.write(edit, to: "main.yaml")
        let said = try await rollBack(desk)
        #expect(said.contains("“main” is in force (\(versions[2]))"))
        #expect(desk.files.text("main.yaml") == "# 2\n\(text(2))")
        let kept = "main.yaml.replaced-\(desk.time.now().iso8601Text)"
        #expect(desk.files.text(kept) == edit)
        #expect(desk.rules.current.version == versions[2])
        _ = try await rollBack(desk)
        #expect(desk.rules.current.version == versions[1])
    }

    @Test func saysWhenTheFolderCannotBeWritten() async throws {
        let (desk, versions) = try await desk()
        desk.files.refuse(.refused("Read-only file system"))
        let failure = try await desk.failure(.rollBackRules(name: "main", version: nil))
        #expect(failure.kind == .unavailable)
        #expect(
            failure.message.hasSuffix(
                """
                Read-only file system
                Who may write there does it so:
                  martlet rules show main --version \(versions[1]) > rules/main.yaml
                """))
        #expect(desk.rules.current.version == versions[2])
    }

    @Test func writesOverNoOtherSet() async throws {
        let (desk, versions) = try await desk()
        desk.files.write(text(1, "other"), to: "main.yaml")
        _ = try await desk.failure(.reloadRules)
        let failure = try await desk.failure(.rollBackRules(name: "main", version: versions[0]))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("is the rule set “other” now"))
        #expect(desk.files.text("main.yaml") == text(1, "other"))
    }

    /// Whichever is active stays so.
    @Test func putsNoOtherSetIntoForce() async throws {
        let (desk, versions) = try await desk()
        desk.files.write(text(1, "other"), to: "other.yaml")
        _ = try await desk.ruleSets.reload()
        _ = try await desk.done(.activateRuleSet(name: "other"))
        let said = try await rollBack(desk, to: versions[0])
        #expect(said.hasSuffix("“main” is version \(versions[0]) again; “other” is in force"))
        #expect(desk.files.text("main.yaml") == "# 0\n\(text(0))")
        #expect(desk.rules.current.ruleSet.name == "other")
    }

    @Test func asksForOneVersion() async throws {
        let (desk, _) = try await desk()
        for (text, kind) in [("", ControlFailure.Kind.notFound), ("zz", .notFound)] {
            let failure = try await desk.failure(.rollBackRules(name: "main", version: text))
            #expect(failure.kind == kind)
        }
        // Some digit begins two versions before long.
        for number in 3..<20 {
            desk.files.write(text(number), to: "main.yaml")
            _ = try await desk.done(.reloadRules)
        }
        let begins = Dictionary(grouping: try await views(desk).map(\.version)) { $0.prefix(1) }
        let twice = try #require(begins.first { $0.value.count > 1 })
        let failure = try await desk.failure(
            .rollBackRules(name: "main", version: String(twice.key)))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("begins \(twice.value.count) versions of “main”"))
    }
}
