import Glibc
import Storage
import Synchronization

/// Whether files are still those that were there when they were first seen: SQLite goes on with a
/// file that somebody has unlinked or replaced, and everything that it takes is lost then.
final class FilesInPlace: Sendable {
    private struct Identity: Equatable {
        var device: UInt64
        var number: UInt64
    }

    private let paths: [String]
    private let seen: Mutex<[String: Identity]>

    /// Looks at once; a file that is not there yet is taken as it is when it is.
    init(_ paths: [String]) {
        self.paths = paths
        var seen: [String: Identity] = [:]
        for path in paths { seen[path] = Self.identity(path) }
        self.seen = Mutex(seen)
    }

    func check() throws(StorageFailure) {
        for path in paths {
            let found = Self.identity(path)
            let isAnother = seen.withLock { seen in
                guard let known = seen[path] else {
                    seen[path] = found
                    return false
                }
                return known != found
            }
            if isAnother { throw .replaced("\(path) is not the file that was opened") }
        }
    }

    private static func identity(_ path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }
}
