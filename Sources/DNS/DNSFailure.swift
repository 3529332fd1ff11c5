/// Why a question has no answer now. None of these says what stands in the DNS: who asked goes on
/// as before, or asks again later.
package enum DNSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case timedOut
    /// The servers answered that they cannot, or were not reached.
    case serverFailed(String)
    /// There is an answer, and its signatures are not what they must be. RFC 4035 §4.3
    case bogus(String)
    /// More than `DNSAnswer.bytesMax` or `recordsMax`.
    case answerTooLarge
    /// As many questions as are allowed wait for their answers, and none of them ended in time.
    case tooManyQueries
    /// The asker was cancelled, or the resolver is closed.
    case cancelled

    package var description: String {
        switch self {
        case .timedOut: "the DNS did not answer in time"
        case .serverFailed(let reason): "the DNS failed: \(reason)"
        case .bogus(let reason): "the answer is forged or its zone is badly signed: \(reason)"
        case .answerTooLarge: "the answer is larger than we take"
        case .tooManyQueries: "too many questions wait for the DNS"
        case .cancelled: "the question was given up"
        }
    }
}
