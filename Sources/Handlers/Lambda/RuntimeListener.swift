import Glibc

/// Where one process of a function finds the Lambda Runtime API: a port of loopback, on which
/// processes of the function's user alone are answered. Bound before the helper is forked, since
/// the port stands in the process's environment.
final class RuntimeListener: Sendable {
    private static let backlog: Int32 = 16

    let socket: Int32
    let port: UInt16
    /// As whom the function runs.
    private let user: uid_t

    init(user: uid_t) throws(HandlerHelper.Failure) {
        let socket = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0
        )
        guard socket >= 0 else { throw HandlerHelper.Failure("socket", errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = Self.loopback
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && listen(socket, Self.backlog) == 0
                    && getsockname(socket, pointer, &length) == 0
            }
        }
        guard isBound else {
            let code = errno
            close(socket)
            throw HandlerHelper.Failure("a port of 127.0.0.1 for a function", code)
        }
        self.socket = socket
        port = UInt16(bigEndian: address.sin_port)
        self.user = user
    }

    deinit { close(socket) }

    private static let loopback = in_addr_t(0x7F00_0001).bigEndian

    /// The next connection of the function's user; nil where none waits. Others are closed.
    func accept() -> Int32? {
        while true {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let connection = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.accept(socket, $0, &length)
                }
            }
            if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard connection >= 0 else { return nil }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            _ = fcntl(connection, F_SETFL, O_NONBLOCK)
            let peer = UInt16(bigEndian: address.sin_port)
            if LoopbackConnections.owner(ofPort: peer, connectedTo: port) == user {
                return connection
            }
            close(connection)
        }
    }
}
