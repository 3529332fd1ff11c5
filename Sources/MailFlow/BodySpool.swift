import MailModel
import NIOCore
import Storage
import Synchronization

/// The bytes of one mail on their way to the spool: in memory while they are few, in a body file
/// once they are not.
///
/// `append`, `finish` and `abandon` come from the session's event loop; file work runs on the
/// blocking threads, one piece after another for each mail.
final class BodySpool: Sendable {
    /// What the flow gives a mail to live with.
    struct Surroundings: Sendable {
        var bodies: any BodyFiles
        var room: any SpoolRoom
        var threads: any BlockingThreads
        /// With more bytes than this they go to a file.
        var thresholdBytes: Int
        /// Bytes that may wait in memory for the disk before the session stops reading.
        var pendingBytesMax: Int
        /// Told of every failure for which a mail is refused. After a failed sync the process takes
        /// no more mail and ends.
        var onFailure: @Sendable (StorageFailure) -> Void
    }

    /// All bytes of a mail, durable where they are in a file, its directory entry not yet.
    struct Content: Sendable {
        /// Nil where they are in the file.
        var memory: ByteBuffer?
        var length: Int
        var checksum: UInt32

        /// `SentMailRecord.checksum`: of `head` and these together; of a body in a file its own, which
        /// was counted while it was written.
        func checksum(behind head: ByteBuffer) -> UInt32 {
            guard let memory else { return checksum }
            var both = Checksum()
            both.update(head)
            both.update(memory)
            return both.value
        }
    }

    typealias Completion = @Sendable (Result<Content, Refusal>) -> Void

    fileprivate struct State {
        var refusal: Refusal?
        var totalLength: Int
        /// All bytes so far, while they are in memory.
        var memory: ByteBuffer?
        // From here on: only once there is a body file.
        var file: (any BodyFileWriter)?
        /// For the file, in order; not yet written.
        var pending: [ByteBuffer] = []
        var pendingBytes = 0
        /// Whether a piece of work is with the blocking threads.
        var isWriting = false
        var onDrain: (@Sendable () -> Void)?
        var checksum = Checksum()
        var completion: Completion?
        var isAbandoned = false
    }

    private let id: MailID
    private let surroundings: Surroundings
    private let state: Mutex<State>

    /// `id` names the file, where there will be one. `start`: the first bytes.
    init(_ id: MailID, start: ByteBuffer = ByteBuffer(), _ surroundings: Surroundings) {
        self.id = id
        self.surroundings = surroundings
        state = Mutex(State(totalLength: start.readableBytes, memory: start))
    }

    // MARK: Taking bytes

    func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure {
        let (pressure, mustWrite) = state.withLock { state -> (IntakePressure, Bool) in
            if let refusal = state.refusal { return (.refused(refusal), false) }
            state.totalLength += bytes.readableBytes
            if state.memory != nil {
                var bytes = bytes
                state.memory?.writeBuffer(&bytes)
                guard state.totalLength > surroundings.thresholdBytes else {
                    return (.goOn, false)
                }
                state.moveToFile()
            } else {
                state.addPending(bytes)
            }
            guard state.pendingBytes >= surroundings.pendingBytesMax else {
                return (.goOn, state.startWriting())
            }
            state.onDrain = onDrain
            return (.pause, state.startWriting())
        }
        if mustWrite { surroundings.threads.submit { self.writePending() } }
        return pressure
    }

    /// Nothing more is taken, and nothing kept.
    func refuse(_ refusal: Refusal) -> IntakePressure {
        state.withLock { $0.refuse(refusal) }
    }

    // MARK: The end of the mail

    /// Calls `completion` once: at once where the bytes are in memory, else from a blocking thread.
    /// After a refusal nothing of them stays.
    func finish(completion: @escaping Completion) {
        enum Step { case refuse(Refusal), finished(ByteBuffer, Int), writeFile, wait }
        let step = state.withLock { state -> Step in
            if let refusal = state.refusal { return .refuse(refusal) }
            if let memory = state.memory { return .finished(memory, state.totalLength) }
            state.completion = completion
            return state.startWriting() ? .writeFile : .wait
        }
        switch step {
        case .refuse(let refusal):
            abandon()
            completion(.failure(refusal))
        case .finished(let content, let length):
            var checksum = Checksum()
            checksum.update(content)
            completion(
                .success(Content(memory: content, length: length, checksum: checksum.value)))
        case .writeFile: surroundings.threads.submit { self.writePending() }
        case .wait: break
        }
    }

    func abandon() {
        let mustRemove = state.withLock { state -> Bool in
            state.isAbandoned = true
            state.memory = nil
            state.pending = []
            return state.startWriting()
        }
        if mustRemove { surroundings.threads.submit { self.writePending() } }
    }

    // MARK: On the blocking threads

    /// Writes what waits until nothing does; then, at the end of the mail, syncs and commits.
    private func writePending() {
        while true {
            switch nextPiece() {
            case .write(let pieces): write(pieces)
            case .finish(let completion): return finishFile(completion)
            case .remove:
                state.withLock { $0.file }?.abandon()
                return
            case .nothing: return
            }
        }
    }

    private enum Piece {
        case write([ByteBuffer])
        case finish(Completion)
        case remove
        case nothing
    }

    private func nextPiece() -> Piece {
        state.withLock { state in
            if state.isAbandoned { return .remove }
            if !state.pending.isEmpty {
                defer { state.pending = [] }
                return .write(state.pending)
            }
            if let completion = state.completion {
                state.completion = nil
                return .finish(completion)
            }
            state.isWriting = false
            return .nothing
        }
    }

    private func write(_ pieces: [ByteBuffer]) {
        do throws(StorageFailure) {
            let file = try fileForWriting()
            var checksum = state.withLock { $0.checksum }
            var written = 0
            for piece in pieces {
                guard surroundings.room.take(bytes: piece.readableBytes) else {
                    throw StorageFailure.full("the reserve (spool.freeBytesMin) is reached")
                }
                checksum.update(piece)
                try file.write(piece)
                written += piece.readableBytes
            }
            let onDrain = state.withLock { state -> (@Sendable () -> Void)? in
                state.checksum = checksum
                state.pendingBytes -= written
                guard state.pendingBytes < surroundings.pendingBytesMax / 2 else {
                    return nil
                }
                defer { state.onDrain = nil }
                return state.onDrain
            }
            onDrain?()
        } catch {
            refuseAfter(error)
        }
    }

    private func fileForWriting() throws(StorageFailure) -> any BodyFileWriter {
        if let file = state.withLock({ $0.file }) { return file }
        let file = try surroundings.bodies.create(id)
        state.withLock { $0.file = file }
        return file
    }

    private func refuseAfter(_ failure: StorageFailure) {
        surroundings.onFailure(failure)
        let onDrain = state.withLock { state -> (@Sendable () -> Void)? in
            state.refusal = Refusal(failure)
            state.pending = []
            state.pendingBytes = 0
            defer { state.onDrain = nil }
            return state.onDrain
        }
        onDrain?()
    }

    private func finishFile(_ completion: Completion) {
        let (file, refusal, length, checksum) = state.withLock {
            ($0.file, $0.refusal, $0.totalLength, $0.checksum.value)
        }
        if let refusal {
            file?.abandon()
            return completion(.failure(refusal))
        }
        do throws(StorageFailure) {
            try file?.finish()
        } catch {
            surroundings.onFailure(error)
            if !error.isSyncFailure { file?.abandon() }
            return completion(.failure(Refusal(error)))
        }
        completion(.success(Content(memory: nil, length: length, checksum: checksum)))
    }
}

extension BodySpool.State {
    fileprivate mutating func refuse(_ refusal: Refusal) -> IntakePressure {
        self.refusal = refusal
        memory = nil
        return .refused(refusal)
    }

    fileprivate mutating func moveToFile() {
        guard let memory else { return }
        self.memory = nil
        addPending(memory)
    }

    fileprivate mutating func addPending(_ bytes: ByteBuffer) {
        pending.append(bytes)
        pendingBytes += bytes.readableBytes
    }

    /// Whether work has to be given to the threads; a mail in memory needs none.
    fileprivate mutating func startWriting() -> Bool {
        guard !isWriting, memory == nil, file != nil || !pending.isEmpty || completion != nil
        else { return false }
        isWriting = true
        return true
    }
}
