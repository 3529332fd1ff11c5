package import Actions
package import DNSClient
package import DeliveryQueue
import Foundation
package import Handlers
package import InboundSMTP
package import MailFlow
package import MailModel
package import ObjectStorage
package import S3API
package import Scanners
package import Screening
package import Storage
package import Topics

package import struct OutboundSMTP.DeliverySettings

/// Everything that an operator sets, validated. Paths are absolute.
package struct Configuration: Sendable {
    package struct Listener: Sendable, Equatable {
        package var address: String
        package var port: Int
        /// Whether TLS begins before the greeting.
        package var isImplicitTLS = false
        /// Who has to send the header of the PROXY protocol.
        package var proxies: [CIDRBlock] = []
        package var role = SessionRole.mx

        /// Whether there is no session without TLS.
        var wantsCertificate: Bool { isImplicitTLS || role == .submission }
    }

    /// How mails are sent.
    package struct Sending: Sendable, Equatable {
        /// Whether they are at all.
        package var isEnabled: Bool
        /// The service's own domain; nil: there is none.
        package var serviceDomain: Domain?
        /// Who takes its records from us; nil: a person does.
        package var nameServer: NameServer?
        package var keepsMessageID: Bool
        package var eventsTopic: String?
        /// Whom mails to subscribers of topics are from; nil: none are sent.
        package var topicsFrom: Mailbox?
        package var port: Int
        package var allowsPrivateAddresses: Bool
        package var triesMax: Int
        /// Nil where nothing is sent.
        var triesWanted: Int? { isEnabled ? triesMax : nil }
        package var paces: DeliveryPaces
        package var retries: RetryPlans
        /// Where connections leave from; none: the system chooses.
        package var addresses: [DeliverySettings.SendingAddress]
        package var pools: [SendingPool]
        /// Hosts that take mail for a domain and those below it, by domain.
        package var relays: [String: Relay]
        /// Hosts that rules hand mails on to, by name.
        package var namedRelays: [String: Relay]
        package var smartHost: Relay?
        package var submitSocket = SubmitSocket()
    }

    /// Addresses that mails of some configuration sets leave from.
    package struct SendingPool: Sendable, Equatable {
        package var name: String
        package var addresses: [DeliverySettings.SendingAddress]
        package var configurationSets: [String]
    }

    /// Where programs of this machine submit.
    package struct SubmitSocket: Sendable, Equatable {
        /// Nil: in the data folder.
        package var path: String?
        /// Whose members may; nil: root and the server's user alone.
        package var group: GroupEntry?
        /// Of addresses that have none; nil: hostname.
        package var domain: Domain?
    }

    package struct TLS: Sendable, Equatable {
        /// The first is for peers that name no server; none: a self-signed pair in the data
        /// folder, made on first run.
        package var certificates: [CertificateFiles]
        /// Whether STARTTLS is offered.
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
        package enum Place: Sendable, Equatable {
            case folder(String)
            case endpoint(S3Endpoint)
        }

        package var place: Place
        /// Whether SES's `AMAZON_SES_SETUP_NOTIFICATION` object is written.
        package var hasSetupObject: Bool
        /// Which access keys may do what there by S3's protocol.
        package var access = S3Bucket(readers: [], writers: [])
        /// What its objects are sealed under; nil where they are not.
        package var keys: ObjectKeys?

        /// Nil where it is on another server.
        package var directory: String? {
            switch place {
            case .folder(let path): path
            case .endpoint: nil
            }
        }

        /// Nil where it is a folder.
        package var endpoint: S3Endpoint? {
            switch place {
            case .folder: nil
            case .endpoint(let endpoint): endpoint
            }
        }
    }

    /// Where buckets are served by S3's protocol.
    package struct S3: Sendable, Equatable {
        package var listener: Listener
        package var objectBytesMax: Int
        /// Where others reach it, as links say; `/` is its target. Nil: no links are made.
        package var url: WebURL?
    }

    package struct Web: Sendable, Equatable {
        /// Scheme, host and port; `/` is its target.
        package var url: WebURL
        package var listener: Listener
    }

    /// Whom to ask about mails.
    package struct Screening: Sendable, Equatable {
        package struct Scanner: Sendable, Equatable {
            package var settings: ScannerSettings
            package var whenUnavailable: WhenUnavailable
        }

        package var lists: [DNSList]
        package var listsTimeoutSeconds: Int64
        package var thresholds: ListThresholds
        package var rspamd: Scanner?
        package var clamd: Scanner?
    }

    /// How it is checked who sent a mail.
    package struct Authentication: Sendable, Equatable {
        package var isEnabled: Bool
        /// Under which results are given.
        package var name: String
        /// A mail that fails DMARC is refused in its session, where its domain asks for that.
        package var refusesFailedDMARC: Bool
    }

    package var file: String
    package var hostname: String
    package var dataDirectory: String
    /// Whom the server becomes once it has what only root can have; nil: it stays who it is.
    package var user: HandlerProgram.User?
    /// Whether it is root and stays so.
    package var isRoot: Bool
    package var listeners: [Listener]
    package var tls: TLS
    package var session: SessionSettings
    package var inbound: InboundLimits
    package var connections: ConnectionLimits
    package var drainSeconds: Int
    package var load: LoadLimits
    package var spool: Spool
    package var retries: RetrySchedule
    package var handlersRunningMax: Int
    package var rulesDirectory: String
    package var activeRuleSet: String?
    package var buckets: [String: Bucket]
    /// Those that are folders, by their names.
    var bucketFolders: [String: String] { buckets.compactMapValues(\.directory) }
    /// Those on other servers, by their names.
    var bucketEndpoints: [String: S3Endpoint] { buckets.compactMapValues(\.endpoint) }
    /// What the objects of buckets are sealed under, where they are.
    var bucketKeys: [String: ObjectKeys] { buckets.compactMapValues(\.keys) }
    package var maildirs: [String: MaildirPattern]
    package var webhooks: [String: Webhook]
    /// Handlers that are programs.
    package var handlers: [HandlerProgram]
    /// Handlers that are web endpoints.
    package var handlerEndpoints: [String: HandlerEndpoint]
    /// Of each worker, by its name.
    package var workerProcessesByName: [String: Int] {
        Dictionary(
            handlers.compactMap { handler in handler.processes.map { (handler.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
    /// Of all workers together.
    package var workerProcesses: Int { workerProcessesByName.values.reduce(0, +) }
    package var topics: [String: [Subscriber]]
    /// Nil: no public side.
    package var web: Web?
    /// Nil: nobody is served objects.
    package var s3: S3?
    /// Where requests of ours may go.
    package var http: AddressGuard
    package var filters: [AddressFilters.Filter]
    package var dns: UnboundSettings
    /// The labels before a domain, where the record stands that verifies it.
    package var verificationPrefix: String
    package var looksUpPeerNames: Bool
    package var authentication: Authentication
    package var screening: Screening
    package var sending: Sending
    /// Nil: no health and metrics endpoint.
    package var health: Listener?
    package var logLevel: String
    package var isLogJSON: Bool
    /// What it names, in the order of the document's parts.
    package var secretFiles: [SecretFile]

    package struct InboundLimits: Sendable, Equatable {
        package var headerBytesMax: Int
        package var hopsMax: Int
    }

    /// What no next try is further away than: of an action, by the policy of a subscription (an hour
    /// at most), or of a sent mail, whose destination rests as long; with the chance that is added,
    /// a fifth at most, and a minute to spare.
    var stepSecondsMax: Int64 {
        max(retries.delaySecondsMax, 3_600, sending.retries.delaySecondsMax) * 6 / 5 + 60
    }

    /// Where `martlet serve` listens for the command line.
    package var controlSocket: String { Self.controlSocket(in: dataDirectory) }

    static func controlSocket(in dataDirectory: String) -> String {
        "\(dataDirectory)/control.sock"
    }

    /// Where it listens for programs that submit.
    var submitSocket: String {
        sending.submitSocket.path ?? Self.submitSocket(in: dataDirectory)
    }

    static func submitSocket(in dataDirectory: String) -> String {
        "\(dataDirectory)/submit.sock"
    }
}

extension Configuration.Listener {
    /// Whether the system gives the other's address and port to nobody while this has its own.
    func excludes(_ other: Self) -> Bool {
        guard port == other.port, port != 0, let ours = IPAddress(address),
            let theirs = IPAddress(other.address)
        else { return false }
        if ours == theirs { return true }
        let wildcards = [ours, theirs].filter { $0.bytes.allSatisfy { $0 == 0 } }
        if ours.isIPv6 == theirs.isIPv6 { return !wildcards.isEmpty }
        return wildcards.contains(where: \.isIPv6) && Self.isIPv6ForIPv4
    }

    /// Whether a socket at `::` takes connections over IPv4, as it does unless somebody changed
    /// it for the whole system. ip-sysctl: `bindv6only`.
    private static let isIPv6ForIPv4 =
        (try? String(contentsOfFile: "/proc/sys/net/ipv6/bindv6only", encoding: .utf8))?
        .hasPrefix("1") != true
}
