import Glibc
import NIOCore
import NIOSSL

/// What the system says of a connection.
enum ConnectionFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer in time"
        case NIOSSLError.uncleanShutdown: "closed by the other side"
        default: "\(error)"
        }
    }
}
