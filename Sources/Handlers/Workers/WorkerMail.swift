import Actions
import CHandlerSpawn
import Glibc
import NIOCore

/// The mail that a worker's process is asked about: a file in memory that the process finds as its
/// descriptor 3, for reading alone. Empty between requests.
final class WorkerMail {
    /// Where the process finds it; from the start each time that it is opened.
    static let path = "/proc/self/fd/3"

    private let file: Pipe.End
    /// What the process is given.
    let readOnly: Pipe.End

    init() throws(HandlerRun.StartFailure) {
        file = Pipe.End(martlet_anonymous_file())
        guard file.isOpen else { throw HandlerRun.StartFailure("memfd_create") }
        // Whom the worker runs as opens it again by its path, to read and not to write.
        guard fchmod(file.number, 0o444) == 0 else { throw HandlerRun.StartFailure("fchmod") }
        readOnly = Pipe.End(open("/proc/self/fd/\(file.number)", O_RDONLY | O_CLOEXEC))
        guard readOnly.isOpen else { throw HandlerRun.StartFailure("open the mail's file") }
    }

    /// Puts a mail there; its bytes.
    func fill(
        _ pieces: [FunctionInvocation.InputPiece]
    ) throws(HandlerRun.StartFailure) -> Int {
        let wanted = pieces.reduce(0) { sum, piece in
            switch piece {
            case .bytes(let bytes): sum + bytes.readableBytes
            case .file(_, _, let length): sum + length
            }
        }
        // The feed closes what it has filled.
        let copy = Pipe.End(fcntl(file.number, F_DUPFD_CLOEXEC, 3))
        guard copy.isOpen, lseek(copy.number, 0, SEEK_SET) == 0 else {
            throw HandlerRun.StartFailure("dup")
        }
        var feed = HandlerInput(pieces)
        feed.write(to: copy)
        if let failure = feed.failure { throw HandlerRun.StartFailure(description: failure) }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_size == wanted else {
            throw HandlerRun.StartFailure(description: "its copy is not whole")
        }
        return wanted
    }

    func empty() {
        _ = ftruncate(file.number, 0)
    }
}
