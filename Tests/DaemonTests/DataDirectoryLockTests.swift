import Foundation
import TestSupport
import Testing

// `@testable`: the lock is a step of the daemon's start.
@testable import Daemon

@Suite struct DataDirectoryLockTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func oneServerHasTheFolder() throws {
        try withFolder { folder in
            let lock = try DataDirectoryLock(directory: folder)
            #expect {
                _ = try DataDirectoryLock(directory: folder)
            } throws: { error in
                "\(error)".contains("another server uses \(folder)")
            }
            withExtendedLifetime(lock) {}
        }
    }

    @Test func aLockGoesWithItsOwner() throws {
        try withFolder { folder in
            _ = try DataDirectoryLock(directory: folder)
            _ = try DataDirectoryLock(directory: folder)
        }
    }

    @Test func knowsWhetherTheLastServerEnded() throws {
        try withFolder { folder in
            #expect(try !DataDirectoryLock(directory: folder).wasCut)
            #expect(try DataDirectoryLock(directory: folder).wasCut)
            // It stays so until a server comes to its end.
            let third = try DataDirectoryLock(directory: folder)
            #expect(third.wasCut)
            third.markEnd()
        }
        try withFolder { folder in
            do { try DataDirectoryLock(directory: folder).markEnd() }
            #expect(try !DataDirectoryLock(directory: folder).wasCut)
        }
    }

    /// Nobody is sent after a server that is not there.
    @Test func aLockThatCannotBeOpenedSaysWhy() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/lock", withIntermediateDirectories: false)
            for (place, reason) in [
                ("\(folder)/gone", "No such file or directory"), (folder, "Is a directory"),
            ] {
                #expect {
                    _ = try DataDirectoryLock(directory: place)
                } throws: { error in
                    "\(error)" == "\(place)/lock cannot be opened: \(reason)"
                }
            }
        }
    }
}
