package import Documents
import Foundation
package import Glibc
import InboundSMTP
import MailFlow
import MailModel
import SMTPProtocol
import Topics

/// Reads a configuration file: every problem at once, each with its line.
package struct ConfigurationDocument {
    /// Of a Unix socket's path. unix(7): 108, with a NUL at its end.
    static let socketPathBytesMax = 107

    let settings: SettingReader
    private let ourUser: uid_t
    private let file: String

    /// Reads the file at `path`. Throws `DocumentProblems`.
    package static func read(path: String) throws(DocumentProblems) -> Configuration {
        try read(try text(path: path), path: path)
    }

    /// Where the server of this configuration listens for the command line: all that has to be
    /// right to ask a server that runs. Throws `DocumentProblems`.
    package static func controlSocket(path: String) throws(DocumentProblems) -> String {
        let reader = DocumentReader(file: path, text: try text(path: path))
        let settings = SettingReader(folder: folder(of: path))
        let root = reader.root(keys: ConfigurationSchema.keys(at: ""))
        guard let data = settings.path(root?.required("dataDirectory"), to: .folder) else {
            try reader.finish()
            throw DocumentProblems([])
        }
        return Configuration.controlSocket(in: data)
    }

    /// Where the server of this configuration listens for programs that submit, as above.
    package static func submitSocket(path: String) throws(DocumentProblems) -> String {
        let reader = DocumentReader(file: path, text: try text(path: path))
        let settings = SettingReader(folder: folder(of: path))
        let root = reader.root(keys: ConfigurationSchema.keys(at: ""))
        let place = root.flatMap { settings.section($0, "sending") }?["submitSocket"]?
            .mapping(keys: SendingDocument.submitSocketKeys)?["path"]
        if let place, let path = settings.path(place, to: .file) { return path }
        guard let data = settings.path(root?.required("dataDirectory"), to: .folder) else {
            try reader.finish()
            throw DocumentProblems([])
        }
        return Configuration.submitSocket(in: data)
    }

    private static func text(path: String) throws(DocumentProblems) -> String {
        try DocumentFile.text(
            path,
            hint: "; -c FILE or MARTLET_CONFIG names another, martlet check --sample prints one")
    }

    private static func folder(of path: String) -> String {
        let absolute =
            path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        return URL(fileURLWithPath: absolute).deletingLastPathComponent().path
    }

    /// Reads `text` for a server that runs as `ourUser`; relative paths start at the folder of
    /// `path`.
    package static func read(
        _ text: String, path: String, ourUser: uid_t = geteuid()
    ) throws(DocumentProblems) -> Configuration {
        let reader = DocumentReader(file: path, text: text)
        guard let root = reader.root(keys: ConfigurationSchema.keys(at: "")) else {
            try reader.finish()
            throw DocumentProblems([])
        }
        let configuration = ConfigurationDocument(
            settings: SettingReader(folder: folder(of: path)), ourUser: ourUser, file: path
        ).configuration(root)
        try reader.finish()
        return configuration
    }

    // MARK: The whole

    private func configuration(_ root: DocumentMapping) -> Configuration {
        let limits = settings.section(root, "limits")
        let rules = settings.section(root, "rules")
        let log = settings.section(root, "log")
        let hostname = hostname(root.required("hostname"))
        let dataDirectory = dataDirectory(root.required("dataDirectory"))
        let tls = tls(settings.section(root, "tls"))
        let sessions = settings.section(root, "sessions")
        var places = ListenerDocument()
        let listeners = places.listeners(root.required("listeners"))
        let health = root["health"].flatMap { places.health($0) }
        let web = root["web"].flatMap { places.web($0) }
        let s3 = root["s3"].flatMap { places.s3($0, settings) }
        let user = root["user"].flatMap { SystemUsers(ourUser: ourUser).server($0) }
        var targets = TargetDocument(
            settings: settings,
            users: SystemUsers(ourUser: ourUser, server: user), dataDirectory: dataDirectory,
            hasWeb: root["web"] != nil, hasS3: root["s3"] != nil)
        let dns = DNSDocument(settings: settings)
        let buckets = targets.buckets(root["buckets"])
        let maildirs = targets.maildirs(root["maildirs"])
        let webhooks = targets.webhooks(
            root["webhooks"], buckets: buckets,
            // What is wrong with the section, or with its URL, has been said.
            canLink: root["s3"] != nil
                && (s3 == nil || root["s3"]?.mapping(keys: [])?["url"] != nil))
        let handlers = targets.handlers(root["handlers"])
        let topics = targets.topics(root["topics"], handlers)
        let sending = SendingDocument(settings: settings, hostname: hostname, listeners: listeners)
            .sending(root, topics: topics)
        if !sending.isEnabled, let place = root["listeners"],
            listeners.contains(where: { $0.role == .submission })
        {
            place.noteWhole("a listener for submission wants “sending: {enabled: true}”")
        }
        targets.places.noteMeetings()
        return Configuration(
            file: file, hostname: hostname, dataDirectory: dataDirectory ?? "",
            user: user, isRoot: ourUser == 0 && user == nil, listeners: listeners,
            tls: tls, session: session(hostname, tls, limits, sessions),
            inbound: Configuration.InboundLimits(
                headerBytesMax: settings.int(limits, "limits.headerBytesMax"),
                hopsMax: settings.int(limits, "limits.hopsMax")),
            connections: connectionLimits(limits),
            drainSeconds: settings.int(limits, "limits.drainSeconds"),
            load: LoadLimits(
                commitSecondsMax: settings.int(limits, "limits.commitSecondsMax"),
                commitsWaitingMax: settings.int(limits, "limits.commitsWaitingMax"),
                actionsWaitingMax: settings.int(limits, "limits.actionsWaitingMax")),
            spool: spool(settings.section(root, "spool")), retries: retries(limits),
            handlersRunningMax: settings.int(limits, "limits.handlersRunningMax"),
            rulesDirectory: settings.path(rules?["directory"], to: .folder)
                ?? settings.absolute(ConfigurationSchema.setting("rules.directory").defaultText),
            activeRuleSet: rules?.string("active"), buckets: buckets,
            maildirs: maildirs, webhooks: webhooks, handlers: handlers.programs,
            handlerEndpoints: handlers.endpoints, topics: topics, web: web, s3: s3,
            http: addressGuard(settings.section(root, "http")),
            filters: filters(root["filters"]),
            dns: dns.dns(settings.section(root, "dns")),
            verificationPrefix: dns.verificationPrefix(settings.section(root, "identities")),
            looksUpPeerNames: settings.bool(sessions, "sessions.peerNames"),
            authentication: AuthenticationDocument(settings: settings).authentication(
                settings.section(root, "authentication"), hostname: hostname),
            screening: ScreeningDocument(settings: settings)
                .screening(settings.section(root, "screening")), sending: sending,
            health: health,
            logLevel: log?["level"]?.choice(
                ["trace", "debug", "info", "notice", "warning", "error", "critical"]
                    .map { ($0, $0) }) ?? "info",
            isLogJSON: log?["format"]?.choice([("text", false), ("json", true)]) ?? false,
            secretFiles: settings.secretFiles.files)
    }

    private func hostname(_ value: DocumentValue?) -> String {
        guard let value, let text = value.string() else { return "" }
        do throws(DomainError) {
            let name = try Domain(parsing: text).ascii
            // RFC 1123 §2.1: letters, digits and hyphens; and it is no address.
            if name.contains("_") { value.note("“\(text)” is no host name: “_” stands in none") }
            if IPAddress(name) != nil {
                value.note("“\(text)” is an address, expected a host name")
            }
            return name
        } catch {
            value.note("“\(text)” is no host name: \(error)")
            return ""
        }
    }

    private func dataDirectory(_ value: DocumentValue?) -> String? {
        guard let value, let path = settings.path(value, to: .folder) else { return nil }
        let socket = Configuration.controlSocket(in: path)
        if socket.utf8.count > Self.socketPathBytesMax {
            value.note(
                "the control socket's path, \(socket), has \(socket.utf8.count) bytes; at most "
                    + "\(Self.socketPathBytesMax) are possible: take a shorter one")
        }
        return path
    }

    // MARK: Sections

    private func session(
        _ hostname: String, _ tls: Configuration.TLS, _ limits: DocumentMapping?,
        _ sessions: DocumentMapping?
    ) -> SessionSettings {
        var session = SessionSettings(hostname: hostname)
        session.isTLSOffered = tls.isOffered
        session.limits = sessionLimits(limits)
        session.bareLineEnds =
            sessions?["bareLineEnds"]?.choice([
                ("refuse", BareLineEndPolicy.refuse), ("normalise", .normalise),
            ]) ?? .refuse
        session.greetingDelaySeconds =
            Int64(settings.int(sessions, "sessions.greetingDelaySeconds"))
        session.earlyTalkers =
            sessions?["earlyTalkers"]?.choice([
                ("ignore", EarlyTalkerPolicy.ignore), ("refuse", .refuse),
            ]) ?? .ignore
        return session
    }

    private func connectionLimits(_ mapping: DocumentMapping?) -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.connectionsMax = settings.int(mapping, "limits.connectionsMax")
        limits.perAddressMax = settings.int(mapping, "limits.connectionsPerAddressMax")
        limits.perAddressPerMinuteMax = settings.int(
            mapping, "limits.connectionsPerAddressPerMinuteMax")
        limits.failedLoginsPerMinuteMax = settings.int(
            mapping, "limits.failedLoginsPerAddressPerMinuteMax")
        return limits
    }

    private func sessionLimits(_ mapping: DocumentMapping?) -> SessionLimits {
        var limits = SessionLimits()
        limits.mailBytesMax = settings.int(mapping, "limits.mailBytesMax")
        limits.recipientsMax = settings.int(mapping, "limits.recipientsMax")
        limits.commandBytesMax = settings.int(mapping, "limits.commandBytesMax")
        limits.dataLineBytesMax = settings.int(mapping, "limits.dataLineBytesMax")
        limits.mailsMax = settings.int(mapping, "limits.mailsMax")
        limits.idleCommandsMax = settings.int(mapping, "limits.idleCommandsMax")
        limits.errorsMax = settings.int(mapping, "limits.errorsMax")
        limits.errorsUndelayedMax = settings.int(mapping, "limits.errorsUndelayedMax")
        limits.errorDelaySecondsMax = Int64(settings.int(mapping, "limits.errorDelaySecondsMax"))
        limits.commandSeconds = Int64(settings.int(mapping, "limits.commandSeconds"))
        limits.dataPieceSeconds = Int64(settings.int(mapping, "limits.dataPieceSeconds"))
        limits.dataSeconds = Int64(settings.int(mapping, "limits.dataSeconds"))
        limits.dataBytesPerSecondMin = settings.int(mapping, "limits.dataBytesPerSecondMin")
        limits.handshakeSeconds = Int64(settings.int(mapping, "limits.handshakeSeconds"))
        return limits
    }

    private func spool(_ mapping: DocumentMapping?) -> Configuration.Spool {
        Configuration.Spool(
            freeBytesMin: settings.int(mapping, "spool.freeBytesMin"),
            bodyFileThresholdBytes: settings.int(mapping, "spool.bodyFileThresholdBytes"),
            rawRetentionDays: settings.int(mapping, "spool.rawRetentionDays"),
            recordRetentionDays: settings.int(mapping, "spool.recordRetentionDays"),
            rawQuotaBytes: settings.int(mapping, "spool.rawQuotaBytes"),
            isFullySynced: mapping?["synchronous"]?.choice([("full", true), ("normal", false)])
                ?? true)
    }

    private func retries(_ mapping: DocumentMapping?) -> RetrySchedule {
        RetrySchedule(
            firstDelaySeconds: Int64(settings.int(mapping, "limits.retryFirstDelaySeconds")),
            delaySecondsMax: Int64(settings.int(mapping, "limits.retryDelaySecondsMax")),
            giveUpAfterSeconds: Int64(settings.int(mapping, "limits.retryGiveUpAfterSeconds")))
    }

    private func filters(_ value: DocumentValue?) -> [AddressFilters.Filter] {
        var names: Set<String> = []
        return (value?.list() ?? []).compactMap { entry in
            guard let mapping = entry.mapping(keys: ["name", "policy", "cidr"]) else { return nil }
            let name = mapping.required("name")
            let text = name?.string()
            if let name, let text, !names.insert(text).inserted {
                name.note("a filter called “\(text)” stands above already")
            }
            let policy = mapping.required("policy")?.choice([
                ("Allow", AddressFilters.Policy.allow), ("Block", .block),
            ])
            let block = mapping.required("cidr")?.block()
            guard let text, let policy, let block else { return nil }
            return AddressFilters.Filter(name: text, policy: policy, block: block)
        }
    }

    private func addressGuard(_ mapping: DocumentMapping?) -> AddressGuard {
        AddressGuard(allowed: (mapping?["allow"]?.list() ?? []).compactMap { $0.block() })
    }
}
