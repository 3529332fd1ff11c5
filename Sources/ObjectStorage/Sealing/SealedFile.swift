import Glibc
package import NIOCore
package import Storage

/// A file that holds an object that is sealed, wherever it lies.
package struct SealedFile: Sendable {
    private static let pieceBytes = 1_048_576

    private let object: SealedObject

    /// What it was sealed as: `bucket/key`.
    package var name: String { object.name }

    /// Throws where it cannot be read, is no such object, or no key opens it. Blocks.
    package init(_ path: String, under keys: ObjectKeys) throws(StorageFailure) {
        let file = try FileDescriptor(path, O_RDONLY)
        guard file.isRegular, let facts = file.facts else {
            throw .refused("\(path) is no regular file")
        }
        do throws(StorageFailure) {
            object = try SealedObject(OpenFile(file: file, facts: facts), under: keys)
        } catch {
            guard case .damaged(let reason) = error else { throw error }
            throw .damaged("\(path): \(reason)")
        }
    }

    /// Gives what is in it, in order, to `take`, once all of it is known to be as it was written; else
    /// throws, and `take` has got nothing. Blocks.
    package func read(_ take: (ByteBuffer) -> Void) throws(StorageFailure) {
        try pass { _ in }
        try pass(take)
    }

    private func pass(_ take: (ByteBuffer) -> Void) throws(StorageFailure) {
        var position = 0
        while position < object.facts.size {
            let piece = try object.read(from: position, length: Self.pieceBytes)
            take(piece)
            position += piece.readableBytes
        }
    }
}
