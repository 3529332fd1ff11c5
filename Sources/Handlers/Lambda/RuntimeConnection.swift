import Glibc

/// A connection of a function's runtime, from its requests to their answers.
final class RuntimeConnection {
    private static let chunkBytes = 65_536

    let socket: Pipe.End
    /// It has asked for the next invocation, and has none yet.
    var waits = false
    private var reader: HTTPRequestReader
    private var unsent: ArraySlice<UInt8> = []

    init(_ socket: Int32, bodyBytesMax: Int) {
        self.socket = Pipe.End(socket)
        reader = HTTPRequestReader(bodyBytesMax: bodyBytesMax)
    }

    /// What poll(2) is to look for.
    var wanted: pollfd {
        pollfd(
            fd: socket.number, events: Int16(unsent.isEmpty ? POLLIN : POLLIN | POLLOUT),
            revents: 0)
    }

    /// Reads what is there; closes at its end.
    func read() {
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        let count = Glibc.read(socket.number, &chunk, chunk.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return socket.close() }
        reader.take(chunk[..<count])
    }

    /// The next whole request of what was read.
    func next() throws(HTTPRequestReader.Problem) -> HTTPRequest? {
        try reader.next()
    }

    func answer(_ bytes: [UInt8]) {
        unsent += bytes
        write()
    }

    /// Writes what can be written now.
    func write() {
        while socket.isOpen, !unsent.isEmpty {
            let count = unsent.withUnsafeBytes {
                send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return socket.close() }
            unsent = unsent.dropFirst(count)
        }
    }
}
