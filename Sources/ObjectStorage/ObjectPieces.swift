import Glibc
import NIOCore
import Storage

/// The bytes of an object that is to be stored, in pieces that are the same each time: as they are, or
/// sealed.
struct ObjectPieces: Sendable {
    private static let pieceBytes = ObjectSeal.chunkBytes

    private enum Source {
        case bytes(ByteBuffer)
        case file(FileDescriptor, start: Int)
    }

    /// Bytes of all pieces.
    let length: Int
    /// Before they are sealed.
    private let plainLength: Int
    private let prefix: ByteBuffer
    private let source: Source
    private let seal: ObjectSeal?

    /// Opens the file that it comes from, if it does. `keys`: under which it is sealed; nil where it is
    /// not.
    init(_ object: ObjectToPut, under keys: ObjectKeys? = nil) throws(StorageFailure) {
        seal = keys.map { ObjectSeal(object.bucket, object.key, under: $0) }
        prefix = object.prefix ?? ByteBuffer()
        plainLength = prefix.readableBytes + object.content.length
        length = seal?.sealedLength(of: plainLength) ?? plainLength
        switch object.content {
        case .bytes(let bytes): source = .bytes(bytes)
        case .file(let path, let start, _):
            source = .file(try FileDescriptor(path, O_RDONLY | O_NOFOLLOW), start: start)
        }
    }

    /// The piece of that index, from 0 on; nil after the last. Throws `damaged` where the file has
    /// become shorter. Blocks.
    func piece(_ index: Int) throws(StorageFailure) -> ByteBuffer? {
        guard let seal else {
            return index * Self.pieceBytes < plainLength ? try plain(index) : nil
        }
        if index == 0 { return ByteBuffer(bytes: seal.head) }
        let chunks = ObjectSeal.chunks(of: plainLength)
        guard index <= chunks else { return nil }
        return seal.seal(try plain(index - 1), index - 1, isLast: index == chunks)
    }

    private func plain(_ index: Int) throws(StorageFailure) -> ByteBuffer {
        let start = index * Self.pieceBytes
        return try bytes(from: start, length: min(Self.pieceBytes, plainLength - start))
    }

    /// They are there.
    private func bytes(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        let split = prefix.readableBytes
        guard start < split else { return try content(from: start - split, length: length) }
        let count = min(length, split - start)
        var piece =
            prefix.getSlice(at: prefix.readerIndex + start, length: count) ?? ByteBuffer()
        if count < length {
            var rest = try content(from: 0, length: length - count)
            piece.writeBuffer(&rest)
        }
        return piece
    }

    private func content(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        switch source {
        case .bytes(let bytes):
            return bytes.getSlice(at: bytes.readerIndex + start, length: length) ?? ByteBuffer()
        case .file(let file, let first):
            let piece = try file.read(at: first + start, length: length)
            guard piece.readableBytes == length else {
                throw .damaged("\(file.path) is shorter than what was accepted")
            }
            return piece
        }
    }
}
