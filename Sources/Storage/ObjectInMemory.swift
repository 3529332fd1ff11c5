package import NIOCore

/// An object that is in memory.
package struct ObjectInMemory: StoredObject {
    package let facts: ObjectFacts
    private let bytes: ByteBuffer

    /// `facts.size` is that of `bytes`.
    package init(_ bytes: ByteBuffer, _ facts: ObjectFacts) {
        self.bytes = bytes
        self.facts = facts
    }

    package func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        let count = max(0, min(length, bytes.readableBytes - start))
        return bytes.getSlice(at: bytes.readerIndex + start, length: count) ?? ByteBuffer()
    }
}
