/// What a sender wants to be told of one recipient. RFC 3461
package struct DeliveryNotification: Sendable, Hashable, Codable {
    package struct Occasions: OptionSet, Sendable, Hashable, Codable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let success = Occasions(rawValue: 1)
        package static let failure = Occasions(rawValue: 2)
        package static let delay = Occasions(rawValue: 4)
    }

    package enum Returned: String, Sendable, Hashable, Codable {
        case full = "FULL", headers = "HDRS"
    }

    /// NOTIFY; nil where it was not said; empty for NEVER.
    package var occasions: Occasions?
    /// ORCPT as it came: `addr-type;xtext`, printable ASCII.
    package var originalRecipient: String?
    /// RET
    package var returned: Returned?
    /// ENVID as it came, in xtext.
    package var envelopeID: String?

    package init(
        occasions: Occasions? = nil, originalRecipient: String? = nil, returned: Returned? = nil,
        envelopeID: String? = nil
    ) {
        self.occasions = occasions
        self.originalRecipient = originalRecipient
        self.returned = returned
        self.envelopeID = envelopeID
    }

    /// Whether the sender is told of `occasion`; of failures where nothing was said. RFC 3461 §4.1
    package func wants(_ occasion: Occasions) -> Bool {
        (occasions ?? .failure).contains(occasion)
    }
}
