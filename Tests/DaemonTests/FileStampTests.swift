import Foundation
import Glibc
import TestSupport
import Testing

// `@testable`: the stamp is a detail of the reloads.
@testable import Daemon

@Suite struct FileStampTests {
    private static let changes: [(name: String, change: @Sendable (String) -> Int32)] = [
        ("mode", { chmod($0, 0o640) }),
        // What the kernel notes even where the owner stays.
        ("owner", { chown($0, getuid(), getgid()) }),
        ("length", { truncate($0, 1) }),
        ("another file", { rename($0 + ".new", $0) }),
    ]

    @Test(arguments: changes.map(\.name))
    func seesAChangeOf(_ name: String) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/key.pem"
        for path in [path, path + ".new"] {
            #expect(FileManager.default.createFile(atPath: path, contents: Data("key".utf8)))
            // Long ago, so that every change has a later time.
            let times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
            #expect(utimes(path, times) == 0)
        }
        #expect(symlink(path, path + ".link") == 0)
        let before = FileStamp(ofFileAt: path + ".link")
        #expect(before != nil && before == FileStamp(ofFileAt: path))
        let change = try #require(Self.changes.first { $0.name == name }).change
        // The clock of files ticks every few milliseconds: again until it has.
        var stamp = before
        repeat {
            #expect(change(path) == 0 || name == "another file")
            stamp = FileStamp(ofFileAt: path + ".link")
        } while name == "owner" && stamp == before
        #expect(stamp != nil && stamp != before)
    }

    @Test func aFileThatIsNotThereHasNone() {
        #expect(FileStamp(ofFileAt: "/nonexistent/key.pem") == nil)
    }
}
