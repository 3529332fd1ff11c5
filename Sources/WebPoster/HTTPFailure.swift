import Glibc
import NIOCore
import NIOSSL

/// Why a request got no answer.
package enum HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// It must not go where it points to.
    case forbidden(String)
    /// It could not go, or nothing came back in time.
    case failed(String)
    /// There was no TLS with who it was for: no handshake, or a certificate that is not to be taken.
    case untrusted(String)

    init(_ error: any Error) {
        switch error {
        case let failure as HTTPFailure: self = failure
        case is CancellationError: self = .failed("given up: the server ends")
        case let error as NIOSSLError: self = .untrusted("TLS: \(error)")
        case let error as NIOSSLExtraError: self = .untrusted("TLS: \(error)")
        case let error as IOError: self = .failed(String(cString: strerror(error.errnoCode)))
        case let error as ChannelError: self = .failed("the connection failed: \(error)")
        default: self = .failed("\(error)")
        }
    }

    package var description: String {
        switch self {
        case .forbidden(let text), .failed(let text), .untrusted(let text): text
        }
    }
}
