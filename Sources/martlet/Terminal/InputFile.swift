import Foundation
import Glibc

/// A file that a command reads, piece by piece.
struct InputFile: ~Copyable {
    private static let pieceBytes = 1 << 16

    /// What is wrong, and with which file.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let path: String
    private let file: Int32

    /// `-` is standard input.
    init(_ path: String) throws(Failure) {
        self.path = path == "-" ? "standard input" : path
        file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure(self.path, errno) }
    }

    /// Nil at its end.
    func next() throws(Failure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: Self.pieceBytes)
        while true {
            let count = read(file, &bytes, Self.pieceBytes)
            if count >= 0 { return count == 0 ? nil : Array(bytes.prefix(count)) }
            guard errno == EINTR else { throw Self.failure(path, errno) }
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> Failure {
        guard code != EISDIR else {
            return Failure(description: "\(path) is a folder, and no file")
        }
        return Failure(description: "\(path) cannot be read: \(String(cString: strerror(code)))")
    }

    deinit { close(file) }
}
