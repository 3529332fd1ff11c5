import Glibc
import NIOCore
import Storage

/// A mail's content, piece after piece: from a file no more of it is in memory than a piece, and
/// bytes that are in memory are not copied.
struct ContentFeed {
    static let pieceBytesMax = 65_536

    enum Next {
        case bytes(ByteBuffer)
        /// To be read off the event loop: so many bytes from `offset` on.
        case file(ContentFile, offset: Int, length: Int)
        case end
    }

    private var parts: ArraySlice<MailContent>
    private var file: ContentFile?

    init(_ content: [MailContent]) {
        parts = content[...]
    }

    mutating func next() -> Next {
        while let part = parts.first {
            guard part.length > 0 else {
                parts.removeFirst()
                file = nil
                continue
            }
            let length = min(part.length, Self.pieceBytesMax)
            parts[parts.startIndex] = part.dropping(length)
            switch part {
            case .bytes(let bytes):
                return .bytes(bytes.getSlice(at: bytes.readerIndex, length: length) ?? bytes)
            case .file(let path, let start, _):
                let file = file ?? ContentFile(path)
                self.file = file
                return .file(file, offset: start, length: length)
            }
        }
        return .end
    }
}

/// A body file that is read, opened when its first piece is. Read by one thread at a time.
final class ContentFile: Sendable {
    struct Failure: Error {
        let reason: String
    }

    private let path: String
    // Used within `read` alone, whose calls come one after the other.
    nonisolated(unsafe) private var number: Int32 = -1

    init(_ path: String) {
        self.path = path
    }

    deinit { if number >= 0 { close(number) } }

    /// All of `length` bytes. Blocks.
    func read(at offset: Int, length: Int) throws(Failure) -> ByteBuffer {
        if number < 0 { number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard number >= 0 else { throw Self.failure }
        var bytes = ByteBufferAllocator().buffer(capacity: length)
        while bytes.readableBytes < length {
            let done = bytes.readableBytes
            var count = -1
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length - done) { room in
                repeat {
                    count = pread(number, room.baseAddress, length - done, off_t(offset + done))
                } while count < 0 && errno == EINTR
                return max(0, count)
            }
            guard count >= 0 else { throw Self.failure }
            guard count > 0 else { throw Failure(reason: "its file lacks bytes") }
        }
        return bytes
    }

    private static var failure: Failure { Failure(reason: String(cString: strerror(errno))) }
}
