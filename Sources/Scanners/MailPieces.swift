import Glibc
import NIOCore
import NIOPosix
import Screening
import Storage

/// The raw mail, piece after piece: from its file no more of it is in memory than a piece, and bytes
/// that are in memory are not copied.
enum MailPieces {
    static let pieceBytes = 65_536

    /// Gives `take` what comes before the mail in one piece, and each other piece when it has done
    /// with the one before. Throws a `ScannerFailure` where the mail cannot be had whole, and what
    /// `take` throws.
    static func each(
        of mail: ScannedMail, _ take: (ByteBuffer) async throws -> Void
    ) async throws {
        if mail.front.readableBytes > 0 { try await take(mail.front) }
        switch mail.content {
        case .bytes(let bytes): try await each(of: mail, in: bytes, take)
        case .file(let path, _, _): try await each(of: mail, inFile: path, take)
        }
    }

    private static func each(
        of mail: ScannedMail, in bytes: ByteBuffer, _ take: (ByteBuffer) async throws -> Void
    ) async throws {
        let start = bytes.readerIndex + mail.headLength
        guard var left = bytes.getSlice(at: start, length: mail.length) else {
            throw ScannerFailure.unavailable("the mail lacks bytes")
        }
        while left.readableBytes > 0,
            let piece = left.readSlice(length: min(pieceBytes, left.readableBytes))
        {
            try await take(piece)
        }
    }

    private static func each(
        of mail: ScannedMail, inFile path: String, _ take: (ByteBuffer) async throws -> Void
    ) async throws {
        let file = try await blocking { try MailFile(path) }
        var offset = 0
        while offset < mail.length {
            let place = mail.headLength + offset
            let length = min(pieceBytes, mail.length - offset)
            let piece = try await blocking { try file.read(at: place, length: length) }
            guard piece.readableBytes > 0 else {
                throw ScannerFailure.unavailable(
                    "the mail's file lacks \(mail.length - offset) bytes")
            }
            offset += piece.readableBytes
            try await take(piece)
        }
    }

    private static func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(work)
    }
}

/// A body file that is read; all calls block.
private final class MailFile: Sendable {
    private let number: Int32

    init(_ path: String) throws {
        number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { throw Self.failure }
    }

    deinit { close(number) }

    /// Nothing at the file's end.
    func read(at offset: Int, length: Int) throws -> ByteBuffer {
        var piece = ByteBuffer()
        try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { room in
            var count = -1
            repeat {
                count = pread(number, room.baseAddress, length, off_t(offset))
            } while count < 0 && errno == EINTR
            guard count >= 0 else { throw Self.failure }
            return count
        }
        return piece
    }

    private static var failure: ScannerFailure {
        .unavailable("the mail's file cannot be read: \(String(cString: strerror(errno)))")
    }
}
