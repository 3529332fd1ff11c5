package import MailModel
package import NIOCore

/// The port to where `store` puts mails: buckets of named objects.
package protocol ObjectStore: Sendable {
    /// Writes the objects, each whole or not at all, and makes all of them durable with as few
    /// syncs as can be; one result for each, in order. Overwrites an object of the same key.
    func put(_ objects: [ObjectToPut]) async -> [Result<Void, ObjectStoreFailure>]
}

package struct ObjectToPut: Sendable {
    package var bucket: String
    /// Relative, `/`-separated, made of our ids and the rule's prefix.
    package var key: String
    /// Bytes before `content`: header lines of earlier `addHeader` actions, and what the verdicts
    /// change of the mail's front.
    package var prefix: ByteBuffer?
    package var content: MailContent

    package init(bucket: String, key: String, prefix: ByteBuffer?, content: MailContent) {
        self.bucket = bucket
        self.key = key
        self.prefix = prefix
        self.content = content
    }
}

/// A mail's bytes (our header block, then the raw mail), wherever they are.
package enum MailContent: Sendable {
    case bytes(ByteBuffer)
    /// The body file of this mail, of which `length` bytes from `start` on are meant; an object
    /// whose bytes equal the file's may be a link to it.
    case file(path: String, start: Int = 0, length: Int)

    /// Bytes.
    package var length: Int {
        switch self {
        case .bytes(let bytes): bytes.readableBytes
        case .file(_, _, let length): length
        }
    }

    /// Bytes of it from `start` on, `length` at most and fewer at its end. `mail` names its body file;
    /// `bodies` is nil where no mail is in one.
    package func piece(
        of mail: MailID, from start: Int, length: Int, in bodies: (any BodyFiles)?
    ) throws(StorageFailure) -> ByteBuffer {
        switch self {
        case .bytes(let bytes):
            let count = max(0, min(length, bytes.readableBytes - start))
            return bytes.getSlice(at: bytes.readerIndex + start, length: count) ?? ByteBuffer()
        case .file(_, let offset, _):
            guard let bodies else { throw .notFound("mail \(mail) is in no file of ours") }
            return try bodies.read(mail, from: offset + start, length: length)
        }
    }

    /// The same without its first `count` bytes; it has that many.
    package func dropping(_ count: Int) -> MailContent {
        switch self {
        case .bytes(var bytes):
            bytes.moveReaderIndex(forwardBy: count)
            return .bytes(bytes)
        case .file(let path, let start, let length):
            return .file(path: path, start: start + count, length: length - count)
        }
    }
}

package enum ObjectStoreFailure: Error, Sendable, CustomStringConvertible {
    /// The configuration names no such bucket: permanent until it does.
    case noSuchBucket(String)
    /// Anything else; worth another try.
    case failed(String)

    package var description: String {
        switch self {
        case .noSuchBucket(let bucket): "no such bucket: \(bucket)"
        case .failed(let detail): detail
        }
    }
}

/// The port to the files that hold bodies too large for a row. Names are mail ids, never the
/// sender's.
package protocol BodyFiles: Sendable {
    /// A new file for `mail`, which has its name only once it is finished. Blocks; call off the
    /// event loop.
    func create(_ mail: MailID) throws(StorageFailure) -> any BodyFileWriter
    func path(of mail: MailID) -> String
    /// `length` bytes of a mail's file from `start` on, or as many as it has there; of the one that
    /// was set aside where none is in its place. Blocks.
    func read(_ mail: MailID, from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer
    /// Gives the mail's file the name of `copy`, too; its entry is durable as that of a file that was
    /// finished. Throws `notFound` where it has none in its place. Blocks.
    func link(_ mail: MailID, as copy: MailID) throws(StorageFailure)
    /// Makes the directory entries of all files finished before this call durable. Blocks; the
    /// group commit calls it once for all mails of its batch that have files. Throws `replaced`
    /// where the folder is no longer the one that was opened.
    func syncDirectory() throws(StorageFailure)
    /// Absent files are no error.
    func remove(_ mails: [MailID])
    /// Ids of all finished files: recovery sets those without a row aside.
    func all() throws(StorageFailure) -> [MailID]
    /// Puts a new file with `content` in the place of the mail's, its data synced: after a failed
    /// sync the old one may be whole in memory alone. Blocks; `syncDirectory` makes it durable.
    func rewrite(_ mail: MailID, _ content: ByteBuffer) throws(StorageFailure)
    /// Moves the files to where damaged mail is kept, durably. Blocks.
    func setAside(_ mails: [MailID]) throws(StorageFailure)
    /// Ids of all files that were set aside.
    func allAside() throws(StorageFailure) -> [MailID]
    /// Moves a file that was set aside back to its place, durably; one that is there already is no
    /// error. Throws `notFound` where there is neither. Blocks.
    func takeBack(_ mail: MailID) throws(StorageFailure)
    /// Bytes that the disk below has free for us.
    func freeBytes() throws(StorageFailure) -> Int64
}

extension BodyFiles {
    /// The first `length` bytes. Blocks.
    package func read(_ mail: MailID, length: Int) throws(StorageFailure) -> ByteBuffer {
        try read(mail, from: 0, length: length)
    }

    /// Reads the body file of a sent mail through, in pieces. Throws `damaged` where there is none, or
    /// length or checksum do not agree with the mail's row. Blocks.
    package func check(_ mail: SentMailRecord) throws(StorageFailure) {
        let path = path(of: mail.bodyID)
        let pieceBytes = 1_048_576
        var checksum = Checksum()
        var length = 0
        do throws(StorageFailure) {
            while length <= mail.bodyLength {
                let piece = try read(mail.bodyID, from: length, length: pieceBytes)
                guard piece.readableBytes > 0 else { break }
                checksum.update(piece)
                length += piece.readableBytes
            }
        } catch {
            guard case .notFound = error else { throw error }
            throw .damaged("the body file \(path) is missing")
        }
        guard length == mail.bodyLength else {
            throw .damaged("the body file \(path) lacks bytes, or has more than its mail")
        }
        guard checksum.value == mail.checksum else {
            throw .damaged("the body file \(path) differs from what was accepted")
        }
    }

    /// All bytes of a mail that has a file. Throws `damaged` where length or checksum do not agree
    /// with its row. Blocks.
    package func content(of mail: MailRecord) throws(StorageFailure) -> ByteBuffer {
        let content = try read(mail.id, length: mail.totalLength + 1)
        var checksum = Checksum()
        checksum.update(content)
        guard content.readableBytes == mail.totalLength, checksum.value == mail.checksum else {
            throw .damaged("\(content.readableBytes) bytes, checksum \(checksum.value)")
        }
        return content
    }
}

/// One body file being written, by one session; all calls block.
package protocol BodyFileWriter: AnyObject, Sendable {
    func write(_ bytes: ByteBuffer) throws(StorageFailure)
    /// Syncs the data, closes the file and gives it its name.
    func finish() throws(StorageFailure)
    /// Closes and removes the file.
    func abandon()
}
