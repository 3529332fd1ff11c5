package import MailModel

/// One look into the DNS for a domain's record, and what was there instead.
package struct IdentityCheck: Sendable, Hashable, Codable {
    /// SES v2's `VerificationInfo.ErrorType`, as its wire spells it.
    package enum ErrorType: String, Sendable, Codable {
        case hostNotFound = "HOST_NOT_FOUND"
        case typeNotFound = "TYPE_NOT_FOUND"
        case invalidValue = "INVALID_VALUE"
        case dnsServerError = "DNS_SERVER_ERROR"
        case serviceError = "SERVICE_ERROR"

        /// Whether the DNS said that the record is not there, and not merely nothing.
        package var isDefinite: Bool {
            switch self {
            case .hostNotFound, .typeNotFound, .invalidValue: true
            case .dnsServerError, .serviceError: false
            }
        }
    }

    package var at: Timestamp
    /// Nil: the record is there.
    package var error: ErrorType?
    /// For people: why.
    package var detail: String
    /// The TXT records that stand there, as a zone file spells them: one line each.
    package var found: [String]

    package init(at: Timestamp, error: ErrorType?, detail: String, found: [String]) {
        self.at = at
        self.error = error
        self.detail = detail
        self.found = found
    }
}
