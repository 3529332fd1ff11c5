import Actions
import Glibc
import NIOCore

/// A pipe to or from a handler; each end closes once.
struct Pipe {
    final class End {
        private(set) var number: Int32

        init(_ number: Int32) {
            self.number = number
        }

        deinit { close() }

        var isOpen: Bool { number >= 0 }

        func close() {
            guard isOpen else { return }
            Glibc.close(number)
            number = -1
        }

        func setNonBlocking() {
            _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        }
    }

    let reading: End
    let writing: End

    init() throws(HandlerRun.StartFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HandlerRun.StartFailure("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = End(ends[0])
        writing = End(ends[1])
    }
}

/// What a handler writes, up to a cap; what is beyond is read and thrown away.
struct CappedOutput {
    private static let chunkBytes = 16_384
    /// At one go, so that a program that never stops writing does not hold us here.
    private static let chunksMax = 64

    let bytesMax: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isCut = false

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Takes what is there now; closes the end at its end of file.
    mutating func read(from end: Pipe.End) {
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        for _ in 0..<Self.chunksMax where end.isOpen {
            let count = Glibc.read(end.number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return end.close() }
            let room = bytesMax - bytes.count
            bytes += chunk[..<min(room, count)]
            if count > room { isCut = true }
        }
    }
}

/// What a handler reads: the pieces, one after another. A handler that does not want them is
/// left alone.
struct HandlerInput {
    /// Of a file that are in memory at once: as many as a pipe takes.
    private static let chunkBytes = 65_536

    private var pieces: [FunctionInvocation.InputPiece]
    private var buffer = ByteBuffer()
    private var file: (number: Pipe.End, left: Int)?

    init(_ pieces: [FunctionInvocation.InputPiece]) {
        self.pieces = pieces.reversed()
    }

    private(set) var isDone = false
    /// Why the handler did not get the whole mail, though it may have wanted it.
    private(set) var failure: String?

    /// Writes what fits now.
    mutating func write(to end: Pipe.End) {
        while end.isOpen {
            if buffer.readableBytes == 0, !refill() {
                isDone = true
                // Who was not given the whole mail must not see it end.
                if failure == nil { end.close() }
                return
            }
            let count = buffer.withUnsafeReadableBytes {
                Glibc.write(end.number, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                // EPIPE: it does not read on.
                isDone = true
                return end.close()
            }
            buffer.moveReaderIndex(forwardBy: count)
        }
    }

    /// Says whether there is more.
    private mutating func refill() -> Bool {
        if let file { return read(file.number, left: file.left) }
        switch pieces.popLast() {
        case nil: return false
        case .bytes(let bytes):
            buffer = bytes
            return buffer.readableBytes > 0 ? true : refill()
        case .file(let path, let start, let length):
            let number = Pipe.End(open(path, O_RDONLY | O_CLOEXEC))
            guard number.isOpen, lseek(number.number, start, SEEK_SET) == start else {
                return fail("open \(path): \(Self.reason)")
            }
            return read(number, left: length)
        }
    }

    private mutating func read(_ number: Pipe.End, left: Int) -> Bool {
        guard left > 0 else {
            file = nil
            return refill()
        }
        var chunk = [UInt8](repeating: 0, count: min(Self.chunkBytes, left))
        var count = 0
        repeat {
            count = Glibc.read(number.number, &chunk, chunk.count)
        } while count < 0 && errno == EINTR
        if count < 0 { return fail("read: \(Self.reason)") }
        guard count > 0 else { return fail("the mail's file lacks \(left) bytes") }
        buffer = ByteBuffer(bytes: chunk[..<count])
        file = (number, left - count)
        return true
    }

    private mutating func fail(_ reason: String) -> Bool {
        failure = reason
        file = nil
        pieces = []
        return false
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
