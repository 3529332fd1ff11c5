/// How a receiver's servers were met over TLS by one sender. RFC 8460 §4.4
package struct TLSReport: Sendable, Hashable, Codable {
    package var organizationName: String
    package var dateRange: DateRange
    package var contactInfo: String?
    package var reportID: String
    package var policies: [Entry]

    package struct DateRange: Sendable, Hashable, Codable {
        /// As written: RFC 3339.
        package var start: String
        package var end: String

        enum CodingKeys: String, CodingKey {
            case start = "start-datetime"
            case end = "end-datetime"
        }
    }

    package struct Entry: Sendable, Hashable, Codable {
        package var policy: Policy
        package var summary: Summary
        package var failureDetails: [FailureDetail]?

        enum CodingKeys: String, CodingKey {
            case policy, summary
            case failureDetails = "failure-details"
        }
    }

    package struct Policy: Sendable, Hashable, Codable {
        /// `tlsa`, `sts` or `no-policy-found`
        package var type: String
        package var string: Texts?
        package var domain: String
        package var mxHost: Texts?

        enum CodingKeys: String, CodingKey {
            case type = "policy-type"
            case string = "policy-string"
            case domain = "policy-domain"
            case mxHost = "mx-host"
        }
    }

    package struct Summary: Sendable, Hashable, Codable {
        package var successful: Int
        package var failed: Int

        enum CodingKeys: String, CodingKey {
            case successful = "total-successful-session-count"
            case failed = "total-failure-session-count"
        }
    }

    package struct FailureDetail: Sendable, Hashable, Codable {
        package var resultType: String
        package var sendingMTAIP: String?
        package var receivingMXHostname: String?
        package var receivingMXHelo: String?
        package var receivingIP: String?
        package var failedSessionCount: Int
        package var additionalInformation: String?
        package var failureReasonCode: String?

        enum CodingKeys: String, CodingKey {
            case resultType = "result-type"
            case sendingMTAIP = "sending-mta-ip"
            case receivingMXHostname = "receiving-mx-hostname"
            case receivingMXHelo = "receiving-mx-helo"
            case receivingIP = "receiving-ip"
            case failedSessionCount = "failed-session-count"
            case additionalInformation = "additional-information"
            case failureReasonCode = "failure-reason-code"
        }
    }

    /// QUIRK: the RFC's text says one text and its example shows a list, or the other way round.
    package struct Texts: Sendable, Hashable, Codable {
        package var values: [String]

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                values = [one]
            } else {
                values = try container.decode([String].self)
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(values)
        }
    }

    enum CodingKeys: String, CodingKey {
        case organizationName = "organization-name"
        case dateRange = "date-range"
        case contactInfo = "contact-info"
        case reportID = "report-id"
        case policies
    }
}
