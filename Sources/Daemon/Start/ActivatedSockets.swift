import Glibc
import MailModel

/// The sockets that a service manager has bound and handed over. sd_listen_fds(3)
struct ActivatedSockets {
    private struct Given {
        var number: Int32
        var name: String
        /// Nil where it is no listening socket of TCP.
        var address: (IPAddress, port: Int)?
    }

    private static let first: Int32 = 3
    private static let countMax = 1024

    private var rest: [Given]

    /// Those that are meant for this process; what says so is taken out of the environment. Throws
    /// where it makes no sense.
    static func fromEnvironment() throws(Server.Failure) -> ActivatedSockets {
        let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map { name in
            defer { unsetenv(name) }
            return getenv(name).map { String(cString: $0) }
        }
        guard let process = variables[0], let text = variables[1], process == "\(getpid())" else {
            return ActivatedSockets(rest: [])
        }
        guard let count = Int(text), (0...countMax).contains(count) else {
            throw Server.Failure(description: "LISTEN_FDS is “\(text)”, expected a small number")
        }
        let names = (variables[2] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return ActivatedSockets(
            rest: (0..<count).map { index in
                let number = first + Int32(index)
                _ = fcntl(number, F_SETFD, FD_CLOEXEC)
                return Given(
                    number: number, name: index < names.count ? String(names[index]) : "unknown",
                    address: address(of: number))
            })
    }

    /// The one that is bound to the listener's address and port.
    mutating func take(_ listener: Configuration.Listener) -> BoundSocket? {
        guard let wanted = IPAddress(listener.address) else { return nil }
        let index = rest.firstIndex { given in
            given.address.map { $0.0 == wanted && $0.port == listener.port } ?? false
        }
        return index.map { BoundSocket(taking: rest.remove(at: $0).number) }
    }

    /// A socket that nobody serves would take connections and never answer.
    func refuseRest() throws(Server.Failure) {
        guard let given = rest.first else { return }
        let what =
            given.address.map { "is bound to \($0.0), port \($0.port), which is no listener's" }
            ?? "does not listen for TCP"
        throw Server.Failure(
            description: "the socket “\(given.name)” that the service manager hands over \(what): "
                + "let its address and a listener's of the configuration agree")
    }

    private static func address(of number: Int32) -> (IPAddress, port: Int)? {
        var isListening: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0,
            isListening == 1
        else { return nil }
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(number, address, &size) == 0 else { return nil }
                return numeric(address, size)
            }
        }
    }

    private static func numeric(
        _ address: UnsafePointer<sockaddr>, _ size: socklen_t
    ) -> (IPAddress, port: Int)? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: 32)
        guard [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family)),
            getnameinfo(
                address, size, &host, socklen_t(host.count), &service, socklen_t(service.count),
                NI_NUMERICHOST | NI_NUMERICSERV) == 0,
            let ip = IPAddress(text(host)), let port = Int(text(service))
        else { return nil }
        return (ip, port)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
