import Glibc

/// One server owns a data folder: the lock on it, and whether the last owner came to its end.
final class DataDirectoryLock: Sendable {
    /// The last server did not end by itself: it was killed, lost its power, or a sync failed.
    let wasCut: Bool

    private let descriptor: Int32

    /// Throws where another server has the folder, or its lock cannot be had.
    init(directory: String) throws(Server.Failure) {
        let path = "\(directory)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Server.Failure(
                description: "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            close(descriptor)
            throw Server.Failure(
                description: code == EWOULDBLOCK
                    ? "another server uses \(directory) (\(path): \(reason))"
                    : "\(path) cannot be locked: \(reason)")
        }
        wasCut = lseek(descriptor, 0, SEEK_END) > 0
        guard wasCut || write(descriptor, "serving\n", 8) == 8 else {
            // Without the mark the next start would not know that this one was cut.
            let reason = String(cString: strerror(errno))
            throw Server.Failure(description: "\(path) cannot be written: \(reason)")
        }
    }

    /// Everything was written and synced.
    func markEnd() {
        ftruncate(descriptor, 0)
    }

    deinit { close(descriptor) }
}
