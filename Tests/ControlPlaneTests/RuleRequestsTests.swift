import ControlPlane
import MailFlow
import RuleEngine
import SQLStorage
import Storage
import Testing

/// Whether rules are put into force, and whether that is told truly.
@Suite struct RuleRequestsTests {
    private func desk() async throws -> Desk {
        let desk = try Desk()
        desk.files.write(WrittenRules.ruleSet("main", for: "old.example"), to: "main.yaml")
        _ = try await desk.done(.reloadRules)
        return desk
    }

    @Test func putsTheActiveSetIntoForce() async throws {
        let desk = try await desk()
        let before = desk.rules.current.version
        desk.files.write(WrittenRules.ruleSet("main", for: "new.example"), to: "main.yaml")
        let text = try await desk.done(.reloadRules)
        let after = desk.rules.current.version
        #expect(before != after)
        #expect(text == "“main” is in force (\(after))")
    }

    @Test func saysThatTheActiveSetIsInForceBesideABrokenFile() async throws {
        let desk = try await desk()
        let before = desk.rules.current.version
        desk.files.write(WrittenRules.ruleSet("main", for: "new.example"), to: "main.yaml")
        desk.files.write("ruleSet: zz\nruels: []\n", to: "zz.yaml")
        let failure = try await desk.failure(.reloadRules)
        let after = desk.rules.current.version
        #expect(before != after)
        #expect(failure.kind == .problems)
        #expect(failure.message.contains("zz.yaml:2: "))
        #expect(
            failure.message.hasSuffix(
                "\nNone of this is in the active set: “main” is in force (\(after))."))
        #expect(try await desk.ruleSets.reload().isActiveSetInForce)
    }

    @Test(arguments: [nil, "ruleSet: main\nruels: []\n"])
    func saysThatWhatWasInForceStays(_ text: String?) async throws {
        let desk = try await desk()
        let before = desk.rules.current.version
        desk.files.write(text, to: "main.yaml")
        let failure = try await desk.failure(.reloadRules)
        #expect(failure.kind == .problems)
        #expect(failure.message.hasSuffix("\nWhat was in force stays in force."))
        #expect(desk.rules.current.version == before)
        #expect(try await desk.ruleSets.reload().isActiveSetInForce == false)
    }

    @Test func activatesASetBesideABrokenFile() async throws {
        let desk = try await desk()
        desk.files.write(WrittenRules.ruleSet("other", for: "new.example"), to: "other.yaml")
        desk.files.write("rules: 7\n", to: "zz.yaml")
        _ = try await desk.failure(.reloadRules)
        let text = try await desk.done(.activateRuleSet(name: "other"))
        #expect(text.hasPrefix("“other” is the active rule set"))
        #expect(desk.rules.current.ruleSet.name == "other")
        // Its file broke behind our back: the old rules stay, and that is said.
        desk.files.write("rules: 7\n", to: "main.yaml")
        let failure = try await desk.failure(.activateRuleSet(name: "main"))
        #expect(failure.kind == .problems)
        #expect(
            failure.message.hasSuffix(
                "\nWhat was in force stays in force. “main” follows once its file is well."))
        #expect(desk.rules.current.ruleSet.name == "other")
        desk.files.write(WrittenRules.ruleSet("main", for: "old.example"), to: "main.yaml")
        _ = try await desk.ruleSets.reload()
        #expect(desk.rules.current.ruleSet.name == "main")
    }

    @Test func saysWhenOtherRulesComeIntoForce() async throws {
        let desk = try await desk()
        #expect(desk.activations.count == 1)
        _ = try await desk.done(.reloadRules)
        #expect(desk.activations.count == 1)
        desk.files.write(WrittenRules.ruleSet("main", for: "new.example"), to: "main.yaml")
        _ = try await desk.done(.reloadRules)
        desk.files.write(WrittenRules.ruleSet("other", for: "new.example"), to: "other.yaml")
        _ = try await desk.ruleSets.reload()
        _ = try await desk.done(.activateRuleSet(name: "other"))
        #expect(desk.activations.count == 3)
    }

    /// Whoever reads the rules at once waits for the others: the newest reading is the last to
    /// count.
    @Test func readsOneAfterAnother() async throws {
        let desk = try await desk()
        desk.files.write(WrittenRules.ruleSet("other", for: "new.example"), to: "other.yaml")
        _ = try await desk.ruleSets.reload()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    if number.isMultiple(of: 2) {
                        _ = await desk.control.perform(.reloadRules)
                    } else {
                        let name = number.isMultiple(of: 3) ? "main" : "other"
                        _ = await desk.control.perform(.activateRuleSet(name: name))
                    }
                }
            }
        }
        let active = try await desk.store.activeRuleSet(of: .main)
        #expect(active == .named(desk.rules.current.ruleSet.name))
    }

    /// Versions that no mail comes by with any more do not stay in memory.
    @Test func forgetsOldVersions() async throws {
        let desk = try await desk()
        var versions: [String] = []
        for number in 0..<(ActiveRules.versionsMax + 10) {
            desk.files.write(
                WrittenRules.ruleSet("main", for: "n\(number).example"), to: "main.yaml")
            _ = try await desk.done(.reloadRules)
            versions.append(desk.rules.current.version)
        }
        #expect(desk.rules.versionCount == ActiveRules.versionsMax + 1)
        for version in versions {
            #expect(try await desk.rules.evaluator(ofVersion: version).version == version)
        }
        #expect(desk.rules.versionCount == ActiveRules.versionsMax + 1)
    }

    @Test func takesNoMailWithoutASet() async throws {
        let desk = try await desk()
        _ = try await desk.done(.activateRuleSet(name: nil))
        #expect(desk.rules.current.ruleSet.rules.isEmpty)
        let failure = try await desk.failure(.activateRuleSet(name: "mian"))
        #expect(failure.kind == .notFound && failure.message.contains("“main”"))
    }
}
