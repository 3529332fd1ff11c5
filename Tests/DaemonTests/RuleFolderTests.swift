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

    @Test func putsATextInTheFilesPlace() throws {
        try withFolder { folder in
            let path = "\(folder)/a.yaml"
            let rules = RuleFolder(path: folder)
            try rules.write("one", as: "a.yaml")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let before = try FileManager.default.attributesOfItem(atPath: path)
            try rules.write("two", as: "a.yaml")
            let after = try FileManager.default.attributesOfItem(atPath: path)
            #expect(try rules.read().map(\.text) == ["two"])
            #expect(after[.posixPermissions] as? Int == 0o640)
            #expect(
                after[.systemFileNumber] as? Int != before[.systemFileNumber] as? Int,
                "it was written over")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.yaml"])
        }
    }

    /// A draft beside it, for instance.
    @Test func leavesOtherFilesAsTheyAre() throws {
        try withFolder { folder in
            let draft = "\(folder)/a.yaml.new"
            try "mine".write(toFile: draft, atomically: false, encoding: .utf8)
            try RuleFolder(path: folder).write("theirs", as: "a.yaml")
            #expect(try String(contentsOfFile: draft, encoding: .utf8) == "mine")
        }
    }

    /// What it leads to is somebody else's.
    @Test func writesThroughNoLink() throws {
        try withFolder { folder in
            try "mine".write(toFile: "\(folder)/x", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/a.yaml", withDestinationPath: "\(folder)/x")
            #expect {
                try RuleFolder(path: folder).write("theirs", as: "a.yaml")
            } throws: { error in
                "\(error)".contains("\(folder)/a.yaml is no regular file")
            }
            #expect(try RuleFolder(path: folder).read().map(\.text) == ["mine"])
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
