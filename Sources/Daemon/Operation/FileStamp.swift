// Where the compiler looks for `stat` in a program with Dispatch in it.
import CDispatch
import Glibc

/// What differs when a file was changed, its owner or mode too, or another has taken its place.
struct FileStamp: Equatable {
    private let device: UInt64
    private let number: UInt64
    private let bytes: Int64
    private let mode: UInt32
    private let owner: [UInt32]
    /// Seconds and nanoseconds of its content's change, and of any.
    private let changed: [Int]

    /// Of what a symbolic link at `path` leads to; nil where nothing is that can be seen.
    init?(ofFileAt path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        mode = status.st_mode
        owner = [status.st_uid, status.st_gid]
        changed = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
            status.st_ctim.tv_nsec,
        ]
    }
}
