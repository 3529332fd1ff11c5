import Accounts
import Foundation
import TestSupport
import Testing

@testable import Daemon

@Suite struct SecretKeyFileTests {
    /// A folder that is removed after `body`.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body("\(folder)/keys")
    }

    @Test func isMadeOnce() throws {
        try inFolder { folder in
            let file = SecretKeyFile(folder: folder)
            #expect(try file.read() == nil)
            let box = SecretBox(try file.make(CountingRandom()))
            let read = SecretBox(try #require(try file.read()))
            #expect(try read.open(box.seal([1, 2], for: "here"), from: "here") == [1, 2])
            for (name, mode) in [(folder, 0o700), ("\(folder)/secret.key", 0o600)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: name)
                #expect(attributes[.posixPermissions] as? Int == mode)
            }
        }
    }

    @Test(arguments: [0, 31, 33])
    func whatIsNoKeyIsRefused(_ count: Int) throws {
        try inFolder { folder in
            let file = SecretKeyFile(folder: folder)
            _ = try file.make(CountingRandom())
            try Data(repeating: 7, count: count).write(
                to: URL(fileURLWithPath: "\(folder)/secret.key"))
            let failure = try #require(throws: Server.Failure.self) { try file.read() }
            #expect("\(failure)".hasPrefix("\(folder)/secret.key: it has \(count) bytes"))
            #expect("\(failure)".contains("martlet serve --forget-secrets"))
        }
    }

    /// What stands aside already stays.
    @Test func isSetAsideUnderANameOfItsOwn() throws {
        try inFolder { folder in
            let file = SecretKeyFile(folder: folder)
            let path = "\(folder)/secret.key"
            for number in 1...2 {
                _ = try file.make(CountingRandom())
                let content = Data(repeating: UInt8(number), count: 31)
                try content.write(to: URL(fileURLWithPath: path))
                #expect(try file.setAside() == "\(path).unusable-\(number)")
                #expect(try file.read() == nil)
            }
            for number in 1...2 {
                #expect(
                    FileManager.default.contents(atPath: "\(path).unusable-\(number)")
                        == Data(repeating: UInt8(number), count: 31))
            }
        }
    }
}
