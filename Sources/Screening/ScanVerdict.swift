import MailModel
package import Storage

/// What was found out about a mail by screening it: SES's word, why, and what the word rests on.
/// SES: `spamVerdict`, `virusVerdict`.
package struct ScanVerdict: Sendable, Equatable {
    package typealias Status = VerdictRecord.Status

    package enum Detail: Sendable, Equatable {
        case none
        case spam(SpamScan)
        /// The name of the signature that was found: printable ASCII.
        case virus(signature: String)
    }

    package var status: Status
    /// For people: one line.
    package var reason: String
    package var detail: Detail
    /// Whether another try may tell more: the scanner could not be asked, or gave no answer that
    /// can be used. False where it will not take this mail at any time.
    package var isUnavailable: Bool

    package init(
        _ status: Status, reason: String, detail: Detail = .none, isUnavailable: Bool = false
    ) {
        self.status = status
        self.reason = reason
        self.detail = detail
        self.isUnavailable = isUnavailable
    }

    package static let disabled = ScanVerdict(.disabled, reason: "nothing is configured for it")
}
