import DNSClient
import Documents
import Foundation
import Glibc
import Handlers
import InboundSMTP
import MailFlow
import MailModel
import ObjectStorage
import S3API
import SMTPProtocol
import Scanners
import Screening
import TestSupport
import Testing
import Topics

// `@testable`: the schema is the daemon's own, and its ranges are what this holds the reader to.
@testable import Daemon

@Suite struct ConfigurationDocumentTests: ConfigurationReading {
    // MARK: Each form

    struct Form: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let holds: @Sendable (Configuration) -> Bool
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ holds: @escaping @Sendable (Configuration) -> Bool) {
            self.name = name
            self.text = text
            self.holds = holds
        }
    }

    private static let secret = ProjectFiles.fixture("config-bad/45-buckets-elsewhere/good.secret")

    private static let keys = ProjectFiles.fixture("config-bad/46-bucket-keys/good.keys")

    static let forms = [
        Form("the least", "") {
            $0.hostname == "mx.example.com" && $0.dataDirectory == "/etc/martlet/data"
                && $0.listeners == [Configuration.Listener(address: "127.0.0.1", port: 2525)]
                && $0.rulesDirectory == "/etc/martlet/rules" && $0.activeRuleSet == nil
                && $0.buckets.isEmpty && $0.handlers.isEmpty && $0.topics.isEmpty
                && $0.filters.isEmpty && $0.health == nil && $0.logLevel == "info" && !$0.isLogJSON
                && $0.session.bareLineEnds == .refuse && $0.session.isTLSOffered
                && $0.tls.certificates.isEmpty
        },
        Form("sections with nothing behind them", "limits:\nspool: ~\nrules: null\nfilters: []") {
            $0.connections == ConnectionLimits() && $0.spool.isFullySynced
                && $0.activeRuleSet == nil
        },
        Form(
            "the DNS",
            """
            identities: {verificationPrefix: _Mx.Verify}
            dns:
              servers: [{address: 192.0.2.53}, {address: "2001:db8::53", port: 5353}]
              timeoutSeconds: 3
            """
        ) {
            $0.verificationPrefix == "_mx.verify" && $0.dns.timeoutMilliseconds == 3_000
                && $0.dns.servers.map { "\($0.address)@\($0.port)" }
                    == ["192.0.2.53@53", "2001:db8::53@5353"]
                && $0.dns.trustAnchor == nil && $0.dns.queriesMax == 256
        },
        Form(
            "who is asked about mails",
            """
            screening:
              rspamd: {address: "[::1]:11333", whenUnavailable: goOn, connectionsMax: 3}
              clamd: {address: /run/clamav/clamd.ctl, whenUnavailable: defer}
              lists:
                - {zone: Bl.example.com, kind: block, score: 5}
                - name: reputation
                  zone: key.rep.example.com
                  kind: block
                  lookUp: [author, sender]
                  answers: [{match: 127.0.0.4-127.0.0.7, score: 2}, {bits: 8, score: 0}]
            """
        ) {
            let rspamd = ScannerSettings(
                address: .tcp(host: "::1", port: 11_333), timeoutSeconds: 30, connectionsMax: 3)
            let clamd = ScannerSettings(
                address: .unix(path: "/run/clamav/clamd.ctl"), timeoutSeconds: 60,
                connectionsMax: 8)
            return $0.screening.rspamd?.settings == rspamd
                && $0.screening.rspamd?.whenUnavailable == .goOn
                && $0.screening.clamd?.settings == clamd
                && $0.screening.clamd?.whenUnavailable == .defer
                && $0.screening.thresholds == ListThresholds(grayScore: 5, failScore: 10)
                && $0.screening.lists == [
                    DNSList(
                        name: "bl.example.com", zone: Domain(validatedASCII: "bl.example.com"),
                        kind: .block, score: 5),
                    DNSList(
                        name: "reputation", zone: Domain(validatedASCII: "key.rep.example.com"),
                        kind: .block, subjects: [.author, .sender], score: 0,
                        rules: [
                            DNSList.Rule(match: .addresses(0x7F00_0004...0x7F00_0007), score: 2),
                            DNSList.Rule(match: .bits(8), score: 0),
                        ]),
                ]
        },
        Form("JSON is YAML too", "limits: {\"errorsMax\": 3, \"drainSeconds\": 0}") {
            $0.session.limits.errorsMax == 3 && $0.drainSeconds == 0
        },
        Form("a name in quotes", "rules: {active: \"null\"}") { $0.activeRuleSet == "null" },
        Form("rules", "rules: {directory: ../sets, active: main}") {
            $0.rulesDirectory == "/etc/sets" && $0.activeRuleSet == "main"
        },
        Form("TLS not offered", "tls: {offer: false}") {
            !$0.tls.isOffered && !$0.session.isTLSOffered
        },
        Form("bare line ends", "sessions: {bareLineEnds: normalise}") {
            $0.session.bareLineEnds == .normalise
        },
        Form("not synchronous", "spool: {synchronous: normal}") { !$0.spool.isFullySynced },
        Form(
            "buckets",
            """
            buckets:
              mail: {directory: mail}
              2nd.archive_-: {directory: /srv/./archive/../archive, setupObject: true}
            """
        ) {
            $0.buckets == [
                "mail": Configuration.Bucket(
                    place: .folder("/etc/martlet/mail"), hasSetupObject: false),
                "2nd.archive_-": Configuration.Bucket(
                    place: .folder("/srv/archive"), hasSetupObject: true),
            ]
        },
        Form(
            "buckets that encrypt",
            """
            buckets:
              mail: {directory: mail, encryption: {keyFile: \(keys)}}
              plain: {directory: plain}
            """
        ) { $0.bucketKeys.keys.sorted() == ["mail"] },
        Form(
            "buckets on other servers",
            """
            buckets:
              archive: {endpoint: "https://S3.example.com:9000", region: eu-west-3, accessKeyId: AKIA, secretFile: \(secret)}
              2nd:
                endpoint: http://[::1]
                region: any
                bucket: Example.mail_
                accessKeyId: key
                secretFile: \(secret)
                timeoutSeconds: 300
                putsMax: 64
            """
        ) {
            guard let archive = $0.bucketEndpoints["archive"],
                let second = $0.bucketEndpoints["2nd"]
            else { return false }
            let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
            return archive.url.description == "https://s3.example.com:9000/"
                && archive.bucket == "archive" && archive.region == "eu-west-3"
                && archive.accessKeyID == "AKIA" && archive.secret == secret
                && archive.timeoutSeconds == 60 && archive.putsMax == 8
                && second.url.description == "http://[::1]/" && second.bucket == "Example.mail_"
                && second.timeoutSeconds == 300 && second.putsMax == 64
                && $0.bucketFolders.isEmpty
        },
        Form(
            "a handler with everything",
            """
            handlers:
              ticket:
                command: [/bin/sh, -c, "exit 0", ""]
                environment: {QUEUE: support, EMPTY: "", NUMBER: 5}
                timeoutSeconds: 7
                memoryBytesMax: 0
                fileBytesMax: 1
                filesMax: 2
                processesMax: 3
                outputBytesMax: 4
                errorBytesMax: 5
            """
        ) { configuration in
            guard let handler = configuration.handlers.first else { return false }
            return configuration.handlers.count == 1 && handler.name == "ticket"
                && handler.command == ["/bin/sh", "-c", "exit 0", ""]
                && handler.environment == ["QUEUE": "support", "EMPTY": "", "NUMBER": "5"]
                && handler.timeoutSeconds == 7 && handler.memoryBytesMax == 0
                && handler.fileBytesMax == 1 && handler.filesMax == 2 && handler.processesMax == 3
                && handler.outputBytesMax == 4 && handler.errorBytesMax == 5 && handler.user == nil
        },
        Form("a handler's defaults", "handlers: {a: {command: [/bin/true]}}") { configuration in
            guard let handler = configuration.handlers.first else { return false }
            return handler.timeoutSeconds == 30 && handler.memoryBytesMax == 8_589_934_592
                && handler.outputBytesMax == 262_144 && handler.environment.isEmpty
        },
        Form(
            "topics",
            """
            topics:
              received:
                log: {file: received.jsonl}
                tickets: {url: "https://tickets.example.com/sns?a=b"}
              silent: {}
            """
        ) {
            guard let url = try? WebURL(parsing: "https://tickets.example.com/sns?a=b") else {
                return false
            }
            return $0.topics == [
                "received": [
                    Subscriber(name: "log", endpoint: .file(path: "/etc/martlet/received.jsonl")),
                    Subscriber(name: "tickets", endpoint: .web(url)),
                ], "silent": [],
            ]
        },
        Form("where requests go", "http: {allow: [127.0.0.0/8, \"::1\"]}") {
            $0.http.allowed.map(\.description) == ["127.0.0.0/8", "::1/128"]
        },
        Form(
            "filters",
            """
            filters:
              - {name: one, policy: Allow, cidr: 192.0.2.1}
              - {name: block, policy: Block, cidr: 192.0.2.0/24}
              - {name: six, policy: Block, cidr: "2001:db8::/32"}
              - {name: all, policy: Block, cidr: 0.0.0.0/0}
            """
        ) {
            $0.filters.map(\.name) == ["one", "block", "six", "all"]
                && $0.filters.map(\.policy) == [.allow, .block, .block, .block]
                && $0.filters.map(\.block.description)
                    == ["192.0.2.1/32", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"]
        },
        Form("health", "health: {address: \"::1\", port: 0}") {
            $0.health == Configuration.Listener(address: "::1", port: 0)
        },
        Form(
            "s3",
            """
            s3: {address: 127.0.0.1, port: 8027}
            buckets:
              mail: {directory: /srv/mail, readers: [AKIAQ3EGU5XWB7LJ2K4M]}
              own: {directory: /srv/own, writers: [AKIA3MZ7PQ2LXW5DNVBH, AKIA3MZ7PQ2LXW5DNVBH]}
            """
        ) {
            $0.s3?.listener == Configuration.Listener(address: "127.0.0.1", port: 8027)
                && $0.s3?.objectBytesMax == 67_108_864
                && $0.buckets["mail"]?.access
                    == S3Bucket(readers: ["AKIAQ3EGU5XWB7LJ2K4M"], writers: [])
                && $0.buckets["own"]?.access
                    == S3Bucket(readers: [], writers: ["AKIA3MZ7PQ2LXW5DNVBH"])
        },
        Form("the log", "log: {level: critical, format: json}") {
            $0.logLevel == "critical" && $0.isLogJSON
        },
    ]

    @Test(arguments: forms)
    func reads(_ form: Form) throws {
        let configuration = try read(form.text)
        #expect(form.holds(configuration))
    }

    /// A limit below a step that is regular would have what waits tried each minute.
    @Test(arguments: [
        ("", 17_340),
        ("delivery: {retry: [{domain: slow.example, delaysMinutes: [5, 1440, 10]}]}", 103_740),
        ("delivery: {retry: [{domain: quick.example, delaysMinutes: [1]}]}", 17_340),
        ("limits: {retryDelaySecondsMax: 20000}", 24_060),
    ])
    func theLongestStepIsThatOfAllRetries(_ text: String, _ seconds: Int64) throws {
        #expect(try read(text).stepSecondsMax == seconds)
    }

    @Test func aHostNameIsKeptInItsASCIIForm() throws {
        let text = Self.least.replacing("mx.example.com", with: "MX.Bücher.example")
        let configuration = try ConfigurationDocument.read(text, path: "/c.yaml")
        #expect(configuration.hostname == "mx.xn--bcher-kva.example")
        #expect(configuration.session.hostname == configuration.hostname)
    }

    @Test func certificatesKeepTheirOrder() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pairs = try ["b", "a"].map { name in
            let files = CertificateFiles(
                certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
            try SelfSignedPair.make(hostname: "\(name).example.com", at: files)
            return files
        }
        let entries = pairs.map { "{certificate: \($0.certificate), key: \($0.key)}" }
        let configuration = try read("tls: {certificates: [\(entries.joined(separator: ", "))]}")
        #expect(configuration.tls.certificates == pairs)
    }

    @Test func listenersOfEveryKind() throws {
        let listeners = """
            listeners:
              - {address: 127.0.0.1, port: 25, tls: starttls}
              - {address: 127.0.0.1, port: 465, tls: implicit}
              - {address: 127.0.0.1, port: 26, proxyFrom: [192.0.2.7, "2001:db8::/64"]}
            """
        let text = Self.least.replacing(
            "listeners: [{address: 127.0.0.1, port: 2525}]", with: listeners)
        let configuration = try ConfigurationDocument.read(text, path: "/c.yaml")
        #expect(configuration.listeners.map(\.isImplicitTLS) == [false, true, false])
        #expect(
            configuration.listeners.map { $0.proxies.map(\.description) }
                == [[], [], ["192.0.2.7/32", "2001:db8::/64"]])
    }

    // MARK: Paths

    @Test(arguments: ["martlet.yaml", "./martlet.yaml", "a/../martlet.yaml"])
    func relativePathsStartAtTheFile(_ name: String) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let handler = "\(folder)/handlers/ticket"
        try FileManager.default.createDirectory(
            atPath: "\(folder)/handlers", withIntermediateDirectories: true)
        #expect(
            FileManager.default.createFile(
                atPath: handler, contents: Data("#!/bin/sh\n".utf8),
                attributes: [.posixPermissions: 0o755]))
        let configuration = try read(
            "handlers: {ticket: {command: [handlers/ticket, handlers/ticket]}}",
            path: "\(folder)/\(name)")
        // The program alone is a path; what an argument means is the program's affair.
        #expect(configuration.handlers.first?.command == [handler, "handlers/ticket"])
        #expect(configuration.dataDirectory == "\(folder)/data")
        #expect(configuration.controlSocket == "\(folder)/data/control.sock")
    }

    @Test func aRelativeFileStartsAtTheWorkingFolder() throws {
        let configuration = try read("", path: "conf/martlet.yaml")
        let here = FileManager.default.currentDirectoryPath
        #expect(configuration.dataDirectory == "\(here)/conf/data")
    }
}
