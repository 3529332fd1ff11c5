import Glibc
import MailModel
import NIOCore
import Screening
import Storage

/// Why a scanner has said nothing about a mail.
enum ScannerFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// It, or the mail, could not be had, or it did not answer in time.
    case unavailable(String)
    /// It answered something that is no answer.
    case malformed(String)
    /// It does not take this mail, and will not another time.
    case refused(String)

    init(_ error: any Error) {
        switch error {
        case let failure as ScannerFailure: self = failure
        case is CancellationError: self = .unavailable("given up: the server ends")
        case let error as IOError:
            self = .unavailable(String(cString: strerror(error.errnoCode)))
        case ChannelError.connectTimeout(let time):
            self = .unavailable("connecting took more than \(time.nanoseconds / 1_000_000_000) s")
        default: self = .unavailable("the connection failed: \(error)")
        }
    }

    var description: String {
        switch self {
        case .unavailable(let text), .malformed(let text), .refused(let text): text
        }
    }

    /// What is said of a mail about which `scanner` has said nothing.
    func verdict(of scanner: String) -> ScanVerdict {
        let isUnavailable: Bool =
            switch self {
            case .unavailable, .malformed: true
            case .refused: false
            }
        return ScanVerdict(
            .processingFailed, reason: "\(scanner): \(self)", isUnavailable: isUnavailable)
    }
}
