import Glibc
import NIOCore
package import Storage
import Synchronization

/// Maildirs on disk, as maildir(5) has them: a mail is written in `tmp`, synced, and renamed into
/// `new`, whose entry is synced. All calls block.
///
/// Every folder below an operator's own is opened from the one above it, and none by a symbolic link:
/// who may write into a Maildir sends no mail elsewhere.
package final class MaildirFolders: MaildirStore {
    /// Of a body in a file, in memory at once.
    private static let pieceBytes = 1_048_576
    /// Maildirs that are known to be whole and durable; what is beyond is looked at again.
    private static let knownMax = 10_000

    private let known = Mutex<Set<MaildirPlace>>([])
    private let onSyncFailure: @Sendable (StorageFailure) -> Void

    package init(onSyncFailure: @escaping @Sendable (StorageFailure) -> Void) {
        self.onSyncFailure = onSyncFailure
    }

    package func put(_ mails: [MaildirMail]) async -> [Result<Void, ObjectStoreFailure>] {
        mails.map { mail in
            do throws(StorageFailure) {
                return .success(try put(mail))
            } catch {
                // After it nothing is to be trusted.
                if error.isSyncFailure { onSyncFailure(error) }
                return .failure(.failed("\(error)"))
            }
        }
    }

    private func put(_ mail: MaildirMail) throws(StorageFailure) {
        let maildir = try open(mail.place)
        var isThere = try maildir.new.has(mail.name)
        if !isThere, mail.mayBeThere { isThere = try maildir.wasRead(mail.name) }
        if isThere {
            // Who wrote it may have been killed before its sync.
            return try maildir.new.sync()
        }
        let file = try maildir.tmp.file(mail.name, mode: maildir.fileMode)
        do throws(StorageFailure) {
            try write(mail, to: file)
            try file.sync()
            guard
                renameat(maildir.tmp.number, mail.name, maildir.new.number, mail.name) == 0
            else { throw .system("rename", file.path) }
        } catch {
            unlinkat(maildir.tmp.number, mail.name, 0)
            throw error
        }
        try maildir.new.sync()
    }

    private func write(_ mail: MaildirMail, to file: FileDescriptor) throws(StorageFailure) {
        var lines = UnixLines()
        try file.write(lines.converted(mail.front))
        switch mail.rest {
        case .bytes(let bytes): try file.write(lines.converted(bytes))
        case .file(let path, let start, let length):
            let source = try FileDescriptor(path, O_RDONLY | O_NOFOLLOW)
            var position = start
            while position < start + length {
                let piece = try source.read(
                    at: position, length: min(Self.pieceBytes, start + length - position))
                guard piece.readableBytes > 0 else {
                    throw .damaged("\(path) is shorter than what was accepted")
                }
                try file.write(lines.converted(piece))
                position += piece.readableBytes
            }
        }
        try file.write(lines.end())
    }

    private func open(_ place: MaildirPlace) throws(StorageFailure) -> Maildir {
        let isKnown = known.withLock { $0.contains(place) }
        var folder = try FileDescriptor(place.base, O_RDONLY | O_DIRECTORY)
        for part in place.parts { folder = try folder.folder(part, isDurable: isKnown) }
        let maildir = Maildir(
            tmp: try folder.folder("tmp", isDurable: isKnown),
            new: try folder.folder("new", isDurable: isKnown),
            cur: try folder.folder("cur", isDurable: isKnown))
        known.withLock { known in
            if known.count >= Self.knownMax { known = [] }
            known.insert(place)
        }
        return maildir
    }
}

/// The three folders of one.
private struct Maildir {
    let tmp: FileDescriptor
    let new: FileDescriptor
    let cur: FileDescriptor

    /// Where its group may deliver, it may read, too.
    var fileMode: mode_t { new.mode & S_IWGRP != 0 ? 0o660 : 0o600 }

    /// Whether a reader has moved it to `cur`, where flags stand behind its name.
    func wasRead(_ name: String) throws(StorageFailure) -> Bool {
        var isThere = false
        try cur.eachName { other in
            let other = String(cString: other)
            isThere = isThere || other == name || other.hasPrefix("\(name):")
        }
        return isThere
    }
}

extension FileDescriptor {
    fileprivate var mode: mode_t {
        var status = stat()
        return fstat(number, &status) == 0 ? status.st_mode : 0
    }

    /// The folder `name` in this one, made where it is missing: for us alone, or, in a folder whose
    /// setgid bit says that its group's files are its own, for the group. `isDurable`: its entry is
    /// known to last.
    fileprivate func folder(_ name: String, isDurable: Bool) throws(StorageFailure)
        -> FileDescriptor
    {
        let isFresh = mkdirat(number, name, 0o700) == 0
        guard isFresh || errno == EEXIST else { throw .system("mkdir", "\(path)/\(name)") }
        let folder = try FileDescriptor(
            name, in: self, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, mode: 0)
        if isFresh, mode & S_ISGID != 0, fchmod(folder.number, 0o2770) != 0 {
            throw .system("chmod", folder.path)
        }
        if isFresh || !isDurable { try sync() }
        return folder
    }

    /// A new file to write: what a killed server, or anybody else, left under its name is gone, since
    /// a pipe there would be waited for.
    fileprivate func file(_ name: String, mode: mode_t) throws(StorageFailure) -> FileDescriptor {
        guard unlinkat(number, name, 0) == 0 || errno == ENOENT else {
            throw .system("unlink", "\(path)/\(name)")
        }
        let file = try FileDescriptor(
            name, in: self, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        guard fchmod(file.number, mode) == 0 else { throw .system("chmod", file.path) }
        return file
    }

    fileprivate func has(_ name: String) throws(StorageFailure) -> Bool {
        if faccessat(number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        guard errno == ENOENT else { throw .system("access", "\(path)/\(name)") }
        return false
    }
}

/// CRLF as LF, piece by piece.
private struct UnixLines {
    /// A CR ended the last piece, and nothing says yet what follows.
    private var hasCR = false

    mutating func converted(_ piece: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(piece.readableBytes + 1)
        piece.withUnsafeReadableBytes { bytes in
            guard let first = bytes.first, let base = bytes.baseAddress else { return }
            if hasCR, first != 10 { result.writeInteger(UInt8(13)) }
            hasCR = false
            var start = 0
            while start < bytes.count {
                let end = memchr(base + start, 13, bytes.count - start).map {
                    base.distance(to: $0)
                }
                guard let end else { break }
                let isLast = end + 1 == bytes.count
                let isLineEnd = isLast || bytes[end + 1] == 10
                result.writeBytes(bytes[start..<(isLineEnd ? end : end + 1)])
                hasCR = isLast
                start = end + 1
            }
            result.writeBytes(bytes[start...])
        }
        return result
    }

    /// What was kept back.
    mutating func end() -> ByteBuffer {
        defer { hasCR = false }
        return hasCR ? ByteBuffer(bytes: [13]) : ByteBuffer()
    }
}
