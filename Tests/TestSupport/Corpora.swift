package import Foundation
import Synchronization

/// Test data from outside, in an archive beside the project's folder: `shared/corpora.tar.gz`, or
/// where MARTLET_CORPORA says. Tests that use it skip, visibly, where it is absent.
package enum Corpora {
    private static let archive: String =
        ProcessInfo.processInfo.environment["MARTLET_CORPORA"]
        ?? "\(ProjectFiles.root)/../shared/corpora.tar.gz"

    package static let isThere = FileManager.default.fileExists(atPath: archive)

    private static let unpacked = Mutex<[String: String]>([:])

    /// The folder of one set, unpacked once a process.
    package static func folder(of set: String) throws -> String {
        try unpacked.withLock { unpacked in
            if let known = unpacked[set] { return known }
            let folder = try ProjectFiles.temporaryFolder()
            let tar = Process()
            tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            tar.arguments = ["tar", "xzf", archive, "-C", folder, "corpora/\(set)"]
            try tar.run()
            tar.waitUntilExit()
            unpacked[set] = "\(folder)/corpora/\(set)"
            return "\(folder)/corpora/\(set)"
        }
    }

    package static func data(_ set: String, _ file: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder(of: set))/\(file)"))
    }
}
