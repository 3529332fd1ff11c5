import MailModel
import NIOCore
package import Storage

/// A mail that lies in a bucket, as it is put into the spool again: a header block, then the raw mail.
package struct ObjectMail: Sendable {
    private static let pieceBytes = 1_048_576

    private let object: any StoredObject
    private let head: ByteBuffer
    /// Where the raw mail begins in the object.
    private let start: Int

    /// `head`: the block. `start` is not behind the object's end.
    init(_ object: any StoredObject, head: ByteBuffer, from start: Int) {
        self.object = object
        self.head = head
        self.start = start
    }

    package var headLength: Int { head.readableBytes }
    package var rawLength: Int { object.facts.size - start }
    package var length: Int { headLength + rawLength }

    /// Gives all of it to `take`, piece by piece. Throws `damaged` where the object cannot be read to its
    /// end, and what `take` does. Blocks.
    func read(
        _ take: (ByteBuffer) throws(StorageFailure) -> Void
    ) throws(Failure) {
        try give(head, to: take)
        var position = start
        while position < object.facts.size {
            let piece: ByteBuffer
            do throws(StorageFailure) {
                // It may grow meanwhile: what it had when it was opened is the mail.
                piece = try object.read(
                    from: position, length: min(Self.pieceBytes, object.facts.size - position))
            } catch {
                // What the machine cannot do now is none of the object's fault.
                throw error.mayPass ? .taking(error) : .reading("\(error)")
            }
            guard piece.readableBytes > 0 else { throw .reading("it has become shorter") }
            position += piece.readableBytes
            try give(piece, to: take)
        }
    }

    private func give(
        _ piece: ByteBuffer, to take: (ByteBuffer) throws(StorageFailure) -> Void
    ) throws(Failure) {
        do throws(StorageFailure) {
            try take(piece)
        } catch {
            throw .taking(error)
        }
    }

    enum Failure: Error {
        case reading(String)
        case taking(StorageFailure)
    }

    /// All of it, for who looks at what would be done. Throws `damaged` where it cannot be read. Blocks.
    package func content() throws(StorageFailure) -> MailContent {
        var all = ByteBuffer()
        do throws(Failure) {
            try read { piece throws(StorageFailure) in all.writeImmutableBuffer(piece) }
        } catch {
            switch error {
            case .reading(let reason): throw .damaged(reason)
            case .taking(let failure): throw failure
            }
        }
        return .bytes(all)
    }
}
