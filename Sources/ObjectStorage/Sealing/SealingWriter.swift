import NIOCore
import Storage
import Synchronization

/// Seals what is written, chunk by chunk.
final class SealingWriter: ObjectWriter {
    private struct State {
        var waiting = ByteBuffer()
        var chunks = 0
        var length = 0
    }

    private let writer: any ObjectWriter
    private let seal: ObjectSeal
    private let state = Mutex(State())

    /// Writes the head to `writer`.
    init(_ writer: any ObjectWriter, _ seal: ObjectSeal) throws(StorageFailure) {
        self.writer = writer
        self.seal = seal
        try writer.write(ByteBuffer(bytes: seal.head))
    }

    func write(_ bytes: ByteBuffer) throws(StorageFailure) {
        var state = take()
        state.waiting.writeImmutableBuffer(bytes)
        state.length += bytes.readableBytes
        // The last chunk, a full one too, is known by the end alone.
        while state.waiting.readableBytes > ObjectSeal.chunkBytes,
            let chunk = state.waiting.readSlice(length: ObjectSeal.chunkBytes)
        {
            try writer.write(seal.seal(chunk, state.chunks, isLast: false))
            state.chunks += 1
        }
        state.waiting.discardReadBytes()
        put(state)
    }

    func finish() throws(StorageFailure) -> ObjectFacts? {
        let state = take()
        try writer.write(seal.seal(state.waiting, state.chunks, isLast: true))
        return try writer.finish().map {
            ObjectFacts(size: state.length, modifiedAt: $0.modifiedAt, tag: $0.tag)
        }
    }

    func abandon() { writer.abandon() }

    /// One task writes: nobody else takes it meanwhile.
    private func take() -> State {
        state.withLock { state in
            defer { state = State() }
            return state
        }
    }

    private func put(_ new: State) { state.withLock { $0 = new } }
}
