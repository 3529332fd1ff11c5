package import Handlers
package import InboundSMTP
package import MailFlow
package import Topics

/// Everything that an operator sets, validated. Paths are absolute.
package struct Configuration: Sendable {
    package struct Listener: Sendable, Equatable {
        package var address: String
        package var port: Int
    }

    package struct TLS: Sendable, Equatable {
        /// PEM files; nil: a self-signed pair in the data folder, made on first run.
        package var certificate: String?
        package var key: String?
        package var isOffered: Bool
    }

    package struct Spool: Sendable, Equatable {
        /// Below this no mail is taken: 452.
        package var freeBytesMin: Int
        package var bodyFileThresholdBytes: Int
        package var rawRetentionDays: Int
        package var recordRetentionDays: Int
        /// Raw bytes of retired mails beyond which the oldest go before their time; 0: no quota.
        package var rawQuotaBytes: Int
        /// `full`; `normal` loses mails at a power cut and exists for tests of that.
        package var isFullySynced: Bool
    }

    package struct Bucket: Sendable, Equatable {
        package var directory: String
        /// Whether SES's `AMAZON_SES_SETUP_NOTIFICATION` object is written.
        package var hasSetupObject: Bool
    }

    package var file: String
    package var hostname: String
    package var dataDirectory: String
    package var listeners: [Listener]
    package var tls: TLS
    package var session: SessionSettings
    package var inbound: InboundLimits
    package var connectionsMax: Int
    package var drainSeconds: Int
    package var spool: Spool
    package var retries: RetrySchedule
    package var handlersRunningMax: Int
    package var rulesDirectory: String
    package var activeRuleSet: String?
    package var buckets: [String: Bucket]
    package var handlers: [HandlerProgram]
    package var topics: [String: [Subscriber]]
    package var filters: [AddressFilters.Filter]
    /// Nil: no health and metrics endpoint.
    package var health: Listener?
    package var logLevel: String
    package var isLogJSON: Bool

    package struct InboundLimits: Sendable, Equatable {
        package var headerBytesMax: Int
        package var hopsMax: Int
    }

    /// Where `martlet serve` listens for the command line.
    package var controlSocket: String { "\(dataDirectory)/control.sock" }
}
