// Where the compiler looks for `stat` in a program with Dispatch in it.
import CDispatch
package import Documents
import Glibc

/// A file that people wrote: its whole text, or why it is none.
package enum DocumentFile {
    /// Throws `DocumentProblems` where it is no regular file (a pipe would be waited for), larger
    /// than documents may be, or not UTF-8. `hint` is added where it is missing.
    package static func text(
        _ path: String, hint: String = ""
    ) throws(DocumentProblems) -> String {
        let bytes = try bytes(path, hint)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let good = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\u{FFFD}" }
            throw problem(
                path, "this line is not UTF-8", line: good.count(where: \.isNewline) + 1)
        }
        return text
    }

    private static func bytes(
        _ path: String, _ hint: String
    ) throws(DocumentProblems) -> [UInt8] {
        let descriptor = path.utf8.contains(0) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw problem(
                path,
                "cannot be read: \(String(cString: strerror(code)))\(code == ENOENT ? hint : "")")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(path, "cannot be read") }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw problem(path, "is a folder")
        default: throw problem(path, "is no regular file")
        }
        guard status.st_size <= DocumentReader.bytesMax else {
            throw problem(
                path, "has \(status.st_size) bytes, at most \(DocumentReader.bytesMax) are read")
        }
        return try bytes(of: descriptor, path)
    }

    private static func bytes(
        of descriptor: Int32, _ path: String
    ) throws(DocumentProblems) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        // It may grow meanwhile.
        while bytes.count <= DocumentReader.bytesMax {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else {
                throw problem(path, "cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    private static func problem(
        _ path: String, _ message: String, line: Int? = nil
    ) -> DocumentProblems {
        DocumentProblems([DocumentProblem(file: path, line: line, path: "", message: message)])
    }
}
