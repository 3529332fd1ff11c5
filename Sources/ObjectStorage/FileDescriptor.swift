import CFileSystem
import Glibc
import NIOCore
import Storage

/// What a system call refused, as storage calls it.
extension StorageFailure {
    static func system(_ call: String, _ path: String, _ code: Int32 = errno) -> StorageFailure {
        let text = "\(call) \(path): \(String(cString: strerror(code)))"
        if isFull(code) { return .full(text) }
        return code == ENOENT ? .notFound(text) : .refused(text)
    }
}

/// An open file, closed with its last reference.
final class FileDescriptor: Sendable {
    let number: Int32
    let path: String

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(StorageFailure) {
        let number = path.withCString { Glibc.open($0, flags | O_CLOEXEC, mode) }
        guard number >= 0 else { throw .system("open", path) }
        self.number = number
        self.path = path
    }

    /// `name` in an open folder, whatever became of that folder's path.
    init(
        _ name: String, in folder: FileDescriptor, _ flags: Int32, mode: mode_t
    ) throws(StorageFailure) {
        let path = "\(folder.path)/\(name)"
        let number = openat(folder.number, name, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw .system("open", path) }
        self.number = number
        self.path = path
    }

    /// Takes over one that is open.
    init(opened number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    deinit { Glibc.close(number) }

    func write(_ bytes: ByteBuffer) throws(StorageFailure) {
        var offset = 0
        while offset < bytes.readableBytes {
            let written = bytes.withUnsafeReadableBytes { all -> Int in
                let rest = UnsafeRawBufferPointer(rebasing: all[offset...])
                return Glibc.write(number, rest.baseAddress, rest.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw .system("write", path)
            }
            offset += written
        }
    }

    /// Up to `length` bytes from `offset`; fewer only where the file ends there.
    func read(at offset: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(length)
        while buffer.readableBytes < length {
            let position = offset + buffer.readableBytes
            let wanted = length - buffer.readableBytes
            var count = 0
            var code: Int32 = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                count = pread(number, space.baseAddress, wanted, off_t(position))
                code = errno
                return max(0, count)
            }
            if count == 0 { break }
            // What cannot be read now is not what is not there.
            guard count > 0 || code == EINTR else { throw .system("read", path, code) }
        }
        return buffer
    }

    /// A failed sync is final: the kernel forgets what it could not write.
    func syncData() throws(StorageFailure) {
        guard fdatasync(number) == 0 else {
            throw .syncFailed("fdatasync \(path): \(String(cString: strerror(errno)))")
        }
    }

    func sync() throws(StorageFailure) {
        guard fsync(number) == 0 else {
            throw .syncFailed("fsync \(path): \(String(cString: strerror(errno)))")
        }
    }

    func syncFileSystem() throws(StorageFailure) {
        guard martlet_syncfs(number) == 0 else {
            throw .syncFailed("syncfs \(path): \(String(cString: strerror(errno)))")
        }
    }

    func copy(
        from source: FileDescriptor, start: Int, length: Int
    ) throws(StorageFailure) {
        guard martlet_copy_range(source.number, Int64(start), number, UInt64(length)) == 0 else {
            throw .system("copy", path)
        }
    }

    /// Whether it keeps what is written, as pipes and devices do not.
    var isRegular: Bool {
        var status = stat()
        return fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether its path still leads to it.
    var isInPlace: Bool {
        var (opened, found) = (stat(), stat())
        return fstat(number, &opened) == 0 && stat(path, &found) == 0
            && opened.st_ino == found.st_ino && opened.st_dev == found.st_dev
    }

    var size: Int? {
        var status = stat()
        return fstat(number, &status) == 0 ? Int(status.st_size) : nil
    }
}
