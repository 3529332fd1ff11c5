import Glibc
import NIOCore
import Synchronization

/// A socket that is bound to a listener's address, and may not listen yet.
final class BoundSocket: Sendable {
    /// Nil once it was handed on.
    private let descriptor: Mutex<Int32?>

    /// One that somebody has bound already.
    init(taking descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    /// Binds. Throws `Server.Failure` with the address that could not be had.
    convenience init(_ listener: Configuration.Listener) throws {
        let address = try SocketAddress(ipAddress: listener.address, port: listener.port)
        func failure() -> Server.Failure {
            Server.Failure(
                listeningOn: listener.address, port: listener.port,
                error: IOError(errnoCode: errno, reason: "bind"))
        }
        let family = listener.address.contains(":") ? AF_INET6 : AF_INET
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, Int32(IPPROTO_TCP))
        guard descriptor >= 0 else { throw failure() }
        self.init(taking: descriptor)
        var yes: Int32 = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let result = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        guard result == 0 else { throw failure() }
    }

    deinit {
        if let descriptor = descriptor.withLock({ $0 }) { close(descriptor) }
    }

    /// The descriptor, which whoever takes it closes.
    func take() -> Int32? {
        descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
    }
}
