import Daemon
import Documents
import Foundation
import TestSupport
import Testing

@Suite struct RuleFolderTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func readsRuleSetsAndListsByName() throws {
        try withFolder { folder in
            for name in [
                "b.yaml", "a.yaml", "c.list", ".c.list", ".a.yaml.swp", ".hidden.yaml",
                "c.yaml.old", "a.yaml~",
            ] {
                try name.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
            }
            let files = try RuleFolder(path: folder).read()
            let names = ["a.yaml", "b.yaml", "c.list"]
            #expect(files.map(\.file) == names.map { "\(folder)/\($0)" })
            #expect(files.map(\.text) == names)
        }
    }

    @Test func saysWhenAFileCannotBeRead() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/a.yaml", withDestinationPath: "\(folder)/gone.yaml")
            #expect {
                _ = try RuleFolder(path: folder).read()
            } throws: { error in
                "\(error)" == "\(folder)/a.yaml: cannot be read: No such file or directory"
            }
        }
    }

    @Test func saysWhenAFileHasAnotherEnding() throws {
        try withFolder { folder in
            for name in ["a.yaml", "b.yml", ".c.yml"] {
                try name.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
            }
            #expect {
                _ = try RuleFolder(path: folder).read()
            } throws: { error in
                "\(error)" == "\(folder)/b.yml: rule files end in .yaml: rename it"
            }
        }
    }

    @Test func saysWhenThereIsNoFolder() throws {
        try withFolder { folder in
            #expect {
                _ = try RuleFolder(path: "\(folder)/rules").read()
            } throws: { error in
                "\(error)" == "\(folder)/rules: the rules folder cannot be read: "
                    + "No such file or directory; rules.directory names another"
            }
        }
    }
}
