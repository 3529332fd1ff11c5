/// Why nothing can be read of a bucket, or of one of its objects.
package enum ObjectReadFailure: Error, Sendable, CustomStringConvertible {
    /// This object cannot be had, or not be opened: no other try helps, and others are not concerned.
    case unreadable(String)
    /// The bucket cannot be read now; worth another try.
    case unavailable(String)

    package var description: String {
        switch self {
        case .unreadable(let detail), .unavailable(let detail): detail
        }
    }
}
