import Foundation
import ObjectStorage
import Storage
import TestSupport
import Testing

@Suite struct PrivateFileTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func mode(of path: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }

    /// Whatever stood there, and whatever a killed server left beside it.
    @Test func replacesWhatIsThere() throws {
        try inFolder { folder in
            let path = "\(folder)/key"
            for content in ["first", "second", ""] {
                try Data("left".utf8).write(to: URL(fileURLWithPath: "\(path).martlet-new"))
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o644], ofItemAtPath: "\(path).martlet-new")
                try PrivateFile.write(Data(content.utf8), to: path)
                #expect(FileManager.default.contents(atPath: path) == Data(content.utf8))
                #expect(try mode(of: path) == 0o600)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["key"])
            }
        }
    }

    /// A link is replaced, not followed.
    @Test func followsNoLink() throws {
        try inFolder { folder in
            let target = "\(folder)/target"
            try Data("other's".utf8).write(to: URL(fileURLWithPath: target))
            for name in ["key", "key.martlet-new"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/\(name)", withDestinationPath: target)
            }
            try PrivateFile.write(Data("ours".utf8), to: "\(folder)/key")
            #expect(FileManager.default.contents(atPath: target) == Data("other's".utf8))
            #expect(FileManager.default.contents(atPath: "\(folder)/key") == Data("ours".utf8))
        }
    }

    @Test func leavesNothingWhereItFails() throws {
        try inFolder { folder in
            // A folder that is not empty cannot be replaced.
            try FileManager.default.createDirectory(
                atPath: "\(folder)/key/in", withIntermediateDirectories: true)
            #expect(throws: StorageFailure.self) {
                try PrivateFile.write(Data("ours".utf8), to: "\(folder)/key")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["key"])
            #expect(throws: StorageFailure.self) {
                try PrivateFile.write(Data(), to: "\(folder)/none/key")
            }
        }
    }
}
