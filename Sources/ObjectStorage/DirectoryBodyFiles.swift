import Glibc
package import MailModel
package import NIOCore
package import Storage
import Synchronization

/// Body files in one folder, `spool/bodies/<mail id>`, and those set aside in another.
package final class DirectoryBodyFiles: BodyFiles {
    private let folder: FileDescriptor
    private let aside: String
    private let removals = Mutex(Removals())
    /// Behind the name of a file that is not finished: nobody was promised anything.
    private static let unfinished = ".part"
    /// Behind the name of a file that is about to replace another.
    private static let rewritten = ".new"

    /// Makes the folders where they are missing, and removes what was never finished.
    package init(folder: String, aside: String) throws(StorageFailure) {
        try Directories.create(folder)
        try Directories.create(aside)
        self.folder = try FileDescriptor(folder, O_RDONLY | O_DIRECTORY)
        self.aside = aside
        for name in try Directories.names(in: folder)
        where name.hasSuffix(Self.rewritten) || name.hasSuffix(Self.unfinished) {
            Glibc.unlink("\(folder)/\(name)")
        }
    }

    package func create(_ mail: MailID) throws(StorageFailure) -> any BodyFileWriter {
        // The mode of an object in a bucket, which it may become a link of.
        BodyFile(
            try FileDescriptor(
                path(of: mail) + Self.unfinished, O_WRONLY | O_CREAT | O_EXCL, mode: 0o640),
            finished: path(of: mail))
    }

    package func path(of mail: MailID) -> String { "\(folder.path)/\(mail.text)" }

    /// Where the file is once it is set aside.
    package func pathAside(of mail: MailID) -> String { "\(aside)/\(mail.text)" }

    package func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        let file = try open(mail)
        return try file.read(at: start, length: min(length, max(0, (file.size ?? length) - start)))
    }

    /// In its place or aside; where it is in neither, it is its place that is said to be empty.
    private func open(_ mail: MailID) throws(StorageFailure) -> FileDescriptor {
        do throws(StorageFailure) {
            return try FileDescriptor(path(of: mail), O_RDONLY | O_NOFOLLOW)
        } catch {
            let aside = pathAside(of: mail)
            guard case .notFound = error, access(aside, F_OK) == 0 else { throw error }
            return try FileDescriptor(aside, O_RDONLY | O_NOFOLLOW)
        }
    }

    package func link(_ mail: MailID, as copy: MailID) throws(StorageFailure) {
        guard Glibc.link(path(of: mail), path(of: copy)) == 0 else {
            throw .system("link", path(of: mail))
        }
    }

    package func syncDirectory() throws(StorageFailure) {
        try folder.sync()
        guard folder.isInPlace else {
            throw .replaced("\(folder.path) is not the folder that was opened")
        }
    }

    package func remove(_ mails: [MailID]) {
        let isHeld = removals.withLock { removals in
            guard removals.holds > 0 else { return false }
            removals.waiting += mails
            return true
        }
        if !isHeld { unlink(mails) }
    }

    private func unlink(_ mails: [MailID]) {
        for mail in mails { Glibc.unlink(path(of: mail)) }
    }

    /// From now on every file stays that a row names, or named until now. Should the process not
    /// come to `releaseRemovals`, recovery sets aside what would have gone.
    package func holdRemovals() {
        removals.withLock { $0.holds += 1 }
    }

    /// Ends one hold; with the last of them, what should have gone meanwhile goes.
    package func releaseRemovals() {
        let waiting = removals.withLock { removals -> [MailID] in
            removals.holds -= 1
            guard removals.holds == 0 else { return [] }
            defer { removals.waiting = [] }
            return removals.waiting
        }
        unlink(waiting)
    }

    private struct Removals {
        var holds = 0
        var waiting: [MailID] = []
    }

    package func all() throws(StorageFailure) -> [MailID] {
        try Directories.names(in: folder.path).compactMap { MailID($0) }
    }

    package func allAside() throws(StorageFailure) -> [MailID] {
        try Directories.names(in: aside).compactMap { MailID($0) }
    }

    package func rewrite(_ mail: MailID, _ content: ByteBuffer) throws(StorageFailure) {
        let path = path(of: mail)
        let file = try FileDescriptor(
            path + Self.rewritten, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o640)
        try file.write(content)
        try file.syncData()
        guard rename(file.path, path) == 0 else { throw .system("rename", file.path) }
    }

    package func setAside(_ mails: [MailID]) throws(StorageFailure) {
        for mail in mails {
            guard rename(path(of: mail), pathAside(of: mail)) == 0 else {
                throw .system("rename", path(of: mail))
            }
        }
        // The new entries last before the old ones are sure to be gone.
        try FileDescriptor(aside, O_RDONLY | O_DIRECTORY).sync()
        try folder.sync()
    }

    package func takeBack(_ mail: MailID) throws(StorageFailure) {
        let path = path(of: mail)
        if rename("\(aside)/\(mail.text)", path) != 0 {
            let failure = StorageFailure.system("rename", "\(aside)/\(mail.text)")
            guard case .notFound = failure, access(path, F_OK) == 0 else { throw failure }
        }
        try folder.sync()
    }

    package func freeBytes() throws(StorageFailure) -> Int64 {
        var status = statvfs()
        guard fstatvfs(folder.number, &status) == 0 else { throw .system("statvfs", folder.path) }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    private final class BodyFile: BodyFileWriter {
        private let file: FileDescriptor
        private let finished: String

        init(_ file: FileDescriptor, finished: String) {
            self.file = file
            self.finished = finished
        }

        func write(_ bytes: ByteBuffer) throws(StorageFailure) { try file.write(bytes) }

        func finish() throws(StorageFailure) {
            try file.syncData()
            guard rename(file.path, finished) == 0 else { throw .system("rename", finished) }
        }

        func abandon() { Glibc.unlink(file.path) }
    }
}
