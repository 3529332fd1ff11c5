import Glibc
import MailModel
import NIOCore
import Storage

/// A folder of a bucket, opened from the one above it and by no symbolic link.
struct ObjectFolder {
    /// What can stand in one.
    enum Item {
        case object(ObjectFacts)
        case folder
    }

    let descriptor: FileDescriptor

    /// The bucket's own, which the operator has named.
    init(of bucket: DirectoryObjectStore.Bucket) throws(StorageFailure) {
        descriptor = try FileDescriptor(bucket.folder, O_RDONLY | O_DIRECTORY)
    }

    private init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    /// Nil where there is none: nothing, a file, or a symbolic link stands there.
    func folder(_ name: String) throws(StorageFailure) -> ObjectFolder? {
        guard let found = try open(name, O_RDONLY | O_DIRECTORY) else { return nil }
        return ObjectFolder(found)
    }

    /// Nil where no regular file stands there.
    func file(_ name: String) throws(StorageFailure) -> FileDescriptor? {
        // Nobody waits for the other end of a pipe.
        guard let file = try open(name, O_RDONLY | O_NONBLOCK), file.isRegular else { return nil }
        return file
    }

    private func open(_ name: String, _ flags: Int32) throws(StorageFailure) -> FileDescriptor? {
        let number = openat(descriptor.number, name, flags | O_NOFOLLOW | O_CLOEXEC)
        if number >= 0 { return FileDescriptor(opened: number, path: "\(descriptor.path)/\(name)") }
        switch errno {
        case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, ENXIO: return nil
        case let code:
            let path = "\(descriptor.path)/\(name)"
            guard code == EACCES || code == EPERM else { throw .system("open", path, code) }
            throw .forbidden("open \(path): \(String(cString: strerror(code)))")
        }
    }

    /// The folder `name`, made where it is missing, its entry durable; nil where something else stands
    /// there.
    func made(_ name: String) throws(StorageFailure) -> ObjectFolder? {
        guard mkdirat(descriptor.number, name, 0o750) == 0 || errno == EEXIST else {
            throw .system("mkdir", "\(descriptor.path)/\(name)")
        }
        // Also that of one that was there: who made it may have been killed before its sync.
        try descriptor.sync()
        return try folder(name)
    }

    /// Nil where neither an object nor a folder has that name.
    func item(_ name: String) -> Item? {
        var status = stat()
        guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            return nil
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .object(ObjectFacts(status))
        case S_IFDIR: return .folder
        default: return nil
        }
    }

    /// Names in it that are UTF-8. Throws `forbidden` where what they stand for cannot be asked for.
    func eachName(_ take: (String) -> Void) throws(StorageFailure) {
        guard let own = try open(".", O_RDONLY | O_DIRECTORY) else { return }
        try own.eachName { name in
            if let name = String(validatingCString: name) { take(name) }
        }
    }
}

extension ObjectFacts {
    init(_ status: stat) {
        let nanoseconds = Int64(status.st_mtim.tv_nsec)
        let seconds = Int64(status.st_mtim.tv_sec)
        // No MD5, and so not of its form: clients compare those with what they have.
        let tag = [Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size), seconds]
            .map { String(UInt64(bitPattern: $0), radix: 16) }.joined(separator: "-")
        self.init(
            size: Int(status.st_size),
            modifiedAt: Timestamp(milliseconds: seconds * 1_000 + nanoseconds / 1_000_000),
            tag: "\(tag)-\(String(nanoseconds, radix: 16))")
    }
}

extension FileDescriptor {
    var facts: ObjectFacts? {
        var status = stat()
        return fstat(number, &status) == 0 ? ObjectFacts(status) : nil
    }
}
