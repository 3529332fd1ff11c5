package import Documents
import Foundation
import Glibc
import Handlers
import InboundSMTP
import MailFlow
import MailModel
import SMTPProtocol
import Topics

/// Reads a configuration file: every problem at once, each with its line.
package struct ConfigurationDocument {
    private let reader: DocumentReader
    private let folder: String
    private let file: String

    /// Reads the file at `path`. Throws `DocumentProblems`.
    package static func read(path: String) throws(DocumentProblems) -> Configuration {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DocumentProblems([
                DocumentProblem(
                    file: path, line: nil, path: "",
                    message: "cannot be read; print a sample with: martlet check --sample")
            ])
        }
        return try read(String(decoding: data, as: UTF8.self), path: path)
    }

    /// Reads `text`; relative paths start at the folder of `path`.
    package static func read(
        _ text: String, path: String
    ) throws(DocumentProblems) -> Configuration {
        let absolute =
            path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        let document = ConfigurationDocument(
            reader: DocumentReader(file: path, text: text),
            folder: URL(fileURLWithPath: absolute).deletingLastPathComponent().path, file: path)
        guard let root = document.reader.root(keys: ConfigurationSchema.keys(at: "")) else {
            try document.reader.finish()
            throw DocumentProblems([])
        }
        let configuration = document.configuration(root)
        try document.reader.finish()
        return configuration
    }

    private init(reader: DocumentReader, folder: String, file: String) {
        self.reader = reader
        self.folder = folder
        self.file = file
    }

    // MARK: Values by the schema

    /// The mapping at `name` of the top level, empty where it is absent.
    private func section(_ root: DocumentMapping, _ name: String) -> DocumentMapping? {
        root[name]?.mapping(keys: ConfigurationSchema.keys(at: name))
    }

    private func int(_ mapping: DocumentMapping?, _ path: String) -> Int {
        let setting = ConfigurationSchema.setting(path)
        let key = path.split(separator: ".").last.map(String.init) ?? path
        let given = mapping?.int(key, in: setting.range ?? 0...Int.max)
        return given ?? Int(setting.defaultText) ?? 0
    }

    private func bool(_ mapping: DocumentMapping?, _ path: String) -> Bool {
        let key = path.split(separator: ".").last.map(String.init) ?? path
        return mapping?.bool(key)
            ?? (ConfigurationSchema.setting(path).defaultText == "true")
    }

    /// A path, absolute.
    private func path(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard !text.isEmpty, !text.utf8.contains(0) else {
            value.note("“\(text)” is no path")
            return nil
        }
        return absolute(text)
    }

    private func absolute(_ text: String) -> String {
        URL(fileURLWithPath: text.hasPrefix("/") ? text : "\(folder)/\(text)")
            .standardizedFileURL.path
    }

    // MARK: The whole

    private func configuration(_ root: DocumentMapping) -> Configuration {
        let limits = section(root, "limits")
        let spool = section(root, "spool")
        let rules = section(root, "rules")
        let log = section(root, "log")
        let hostname = hostname(root.required("hostname"))
        let tls = tls(section(root, "tls"))
        var session = SessionSettings(hostname: hostname)
        session.isTLSOffered = tls.isOffered
        session.limits = sessionLimits(limits)
        session.bareLineEnds =
            section(root, "sessions")?["bareLineEnds"]?.choice([
                ("refuse", BareLineEndPolicy.refuse), ("normalise", .normalise),
            ]) ?? .refuse
        return Configuration(
            file: file, hostname: hostname,
            dataDirectory: path(root.required("dataDirectory")) ?? "",
            listeners: listeners(root.required("listeners")), tls: tls, session: session,
            inbound: Configuration.InboundLimits(
                headerBytesMax: int(limits, "limits.headerBytesMax"),
                hopsMax: int(limits, "limits.hopsMax")),
            connectionsMax: int(limits, "limits.connectionsMax"),
            drainSeconds: int(limits, "limits.drainSeconds"), spool: spoolSettings(spool),
            retries: RetrySchedule(
                firstDelaySeconds: Int64(int(limits, "limits.retryFirstDelaySeconds")),
                delaySecondsMax: Int64(int(limits, "limits.retryDelaySecondsMax")),
                giveUpAfterSeconds: Int64(int(limits, "limits.retryGiveUpAfterSeconds"))),
            handlersRunningMax: int(limits, "limits.handlersRunningMax"),
            rulesDirectory: path(rules?["directory"]) ?? absolute("rules"),
            activeRuleSet: rules?.string("active"), buckets: buckets(root["buckets"]),
            handlers: handlers(root["handlers"]), topics: topics(root["topics"]),
            filters: root.list("filters").compactMap(filter), health: health(root["health"]),
            logLevel: log?["level"]?.choice(
                ["trace", "debug", "info", "notice", "warning", "error", "critical"]
                    .map { ($0, $0) }) ?? "info",
            isLogJSON: log?["format"]?.choice([("text", false), ("json", true)]) ?? false)
    }

    private func hostname(_ value: DocumentValue?) -> String {
        guard let value, let text = value.string() else { return "" }
        do throws(DomainError) {
            return try Domain(parsing: text).ascii
        } catch {
            value.note("“\(text)” is no host name: \(error)")
            return ""
        }
    }

    private func listeners(_ value: DocumentValue?) -> [Configuration.Listener] {
        guard let value else { return [] }
        let listeners = value.list().compactMap { entry in
            listener(entry.mapping(keys: ["address", "port"]))
        }
        if value.isSequence, value.list().isEmpty { value.note("at least one listener") }
        return listeners
    }

    private func listener(_ mapping: DocumentMapping?) -> Configuration.Listener? {
        guard let mapping, let address = mapping.required("address"),
            let text = address.string(),
            let port = mapping.required("port")?.int(in: 0...65_535)
        else { return nil }
        guard IPAddress(text) != nil else {
            address.note("“\(text)” is no IP address")
            return nil
        }
        return Configuration.Listener(address: text, port: port)
    }

    private func health(_ value: DocumentValue?) -> Configuration.Listener? {
        listener(value?.mapping(keys: ConfigurationSchema.keys(at: "health")))
    }

    private func tls(_ mapping: DocumentMapping?) -> Configuration.TLS {
        let certificate = path(mapping?["certificate"])
        let key = path(mapping?["key"])
        if let mapping, (certificate == nil) != (key == nil) {
            mapping.value.note("“certificate” and “key” stand together or not at all")
        }
        for (name, file) in [("certificate", certificate), ("key", key)] {
            if let file, access(file, R_OK) != 0 {
                mapping?[name]?.note("\(file): \(String(cString: strerror(errno)))")
            }
        }
        return Configuration.TLS(
            certificate: certificate, key: key, isOffered: bool(mapping, "tls.offer"))
    }

    private func sessionLimits(_ mapping: DocumentMapping?) -> SessionLimits {
        var limits = SessionLimits()
        limits.mailBytesMax = int(mapping, "limits.mailBytesMax")
        limits.recipientsMax = int(mapping, "limits.recipientsMax")
        limits.commandBytesMax = int(mapping, "limits.commandBytesMax")
        limits.dataLineBytesMax = int(mapping, "limits.dataLineBytesMax")
        limits.mailsMax = int(mapping, "limits.mailsMax")
        limits.idleCommandsMax = int(mapping, "limits.idleCommandsMax")
        limits.errorsMax = int(mapping, "limits.errorsMax")
        limits.commandSeconds = Int64(int(mapping, "limits.commandSeconds"))
        limits.dataPieceSeconds = Int64(int(mapping, "limits.dataPieceSeconds"))
        limits.dataSeconds = Int64(int(mapping, "limits.dataSeconds"))
        limits.dataBytesPerSecondMin = int(mapping, "limits.dataBytesPerSecondMin")
        limits.handshakeSeconds = Int64(int(mapping, "limits.handshakeSeconds"))
        return limits
    }

    private func spoolSettings(_ mapping: DocumentMapping?) -> Configuration.Spool {
        Configuration.Spool(
            freeBytesMin: int(mapping, "spool.freeBytesMin"),
            bodyFileThresholdBytes: int(mapping, "spool.bodyFileThresholdBytes"),
            rawRetentionDays: int(mapping, "spool.rawRetentionDays"),
            recordRetentionDays: int(mapping, "spool.recordRetentionDays"),
            rawQuotaBytes: int(mapping, "spool.rawQuotaBytes"),
            isFullySynced: mapping?["synchronous"]?.choice([("full", true), ("normal", false)])
                ?? true)
    }

    // MARK: What rules refer to

    /// The entries of a mapping whose keys are names that the operator chose.
    private func named(_ value: DocumentValue?) -> [(name: String, value: DocumentValue)] {
        guard let mapping = value?.mapping(keys: []) else { return [] }
        return mapping.keys.compactMap { name in
            let isName =
                name.utf8.count <= 64
                && name.utf8.allSatisfy { byte in
                    AddressParser.isAtomText(byte) && !"!#$%&'*+/=?^`{|}~".utf8.contains(byte)
                        || byte == UInt8(ascii: ".")
                }
            guard isName, let first = name.first, first.isLetter || first.isNumber else {
                mapping.value.note(
                    "“\(name)” is no name: letters, digits, “-”, “_” and “.”, at most 64")
                return nil
            }
            guard let entry = mapping[name] else {
                mapping.value.note("“\(name)” has nothing behind it")
                return nil
            }
            return (name, entry)
        }
    }

    private func buckets(_ value: DocumentValue?) -> [String: Configuration.Bucket] {
        var buckets: [String: Configuration.Bucket] = [:]
        for (name, entry) in named(value) {
            guard let mapping = entry.mapping(keys: ConfigurationSchema.keys(at: "buckets.*")),
                let directory = path(mapping.required("directory"))
            else { continue }
            buckets[name] = Configuration.Bucket(
                directory: directory, hasSetupObject: bool(mapping, "buckets.*.setupObject"))
        }
        return buckets
    }

    private func handlers(_ value: DocumentValue?) -> [HandlerProgram] {
        named(value).compactMap { name, entry in
            let keys = ConfigurationSchema.keys(at: "handlers.*")
            guard let mapping = entry.mapping(keys: keys) else { return nil }
            return handler(name, mapping)
        }
    }

    private func handler(_ name: String, _ mapping: DocumentMapping) -> HandlerProgram? {
        guard let command = mapping.required("command") else { return nil }
        var words = command.list().compactMap { $0.string() }
        guard let program = words.first else {
            command.note("at least the program's path")
            return nil
        }
        words[0] = absolute(program)
        if access(words[0], X_OK) != 0 {
            command.note("\(words[0]): \(String(cString: strerror(errno)))")
        }
        var handler = HandlerProgram(name: name, command: words)
        handler.environment = environment(mapping["environment"])
        handler.timeoutSeconds = int(mapping, "handlers.*.timeoutSeconds")
        handler.memoryBytesMax = int(mapping, "handlers.*.memoryBytesMax")
        handler.fileBytesMax = int(mapping, "handlers.*.fileBytesMax")
        handler.filesMax = int(mapping, "handlers.*.filesMax")
        handler.processesMax = int(mapping, "handlers.*.processesMax")
        handler.outputBytesMax = int(mapping, "handlers.*.outputBytesMax")
        handler.errorBytesMax = int(mapping, "handlers.*.errorBytesMax")
        handler.user = mapping["user"].flatMap(user)
        return handler
    }

    private func user(_ value: DocumentValue) -> HandlerProgram.User? {
        guard let name = value.string() else { return nil }
        guard let entry = getpwnam(name) else {
            value.note("there is no user “\(name)” on this machine")
            return nil
        }
        guard entry.pointee.pw_uid != 0 else {
            value.note("handlers do not run as root: give them a user of their own")
            return nil
        }
        if geteuid() != 0, geteuid() != entry.pointee.pw_uid {
            value.note("only root can start a handler as “\(name)”")
        }
        return HandlerProgram.User(
            name: name, id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }

    private func environment(_ value: DocumentValue?) -> [String: String] {
        guard let mapping = value?.mapping(keys: []) else { return [:] }
        var environment: [String: String] = [:]
        for name in mapping.keys {
            guard let text = mapping[name]?.string() else { continue }
            guard !name.isEmpty, !name.contains("="), !name.hasPrefix("MARTLET_"),
                !(name + text).utf8.contains(0)
            else {
                mapping[name]?.note("“\(name)” cannot be set")
                continue
            }
            environment[name] = text
        }
        return environment
    }

    private func topics(_ value: DocumentValue?) -> [String: [Subscriber]] {
        var topics: [String: [Subscriber]] = [:]
        for (name, entry) in named(value) {
            topics[name] = named(entry).compactMap { subscriberName, subscriber in
                guard let mapping = subscriber.mapping(keys: ["file", "url"]) else { return nil }
                return self.subscriber(subscriberName, mapping)
            }
        }
        return topics
    }

    private func subscriber(_ name: String, _ mapping: DocumentMapping) -> Subscriber? {
        if mapping.keys.count != 1 {
            mapping.value.note("a subscriber has a “file” or a “url”")
            return nil
        }
        if let file = path(mapping["file"]) {
            return Subscriber(name: name, endpoint: .file(path: file))
        }
        guard let value = mapping["url"], let url = value.string() else { return nil }
        guard url.hasPrefix("http://") || url.hasPrefix("https://"),
            url.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else {
            value.note("“\(url)” is no http or https URL")
            return nil
        }
        return Subscriber(name: name, endpoint: .web(url: url))
    }

    private func filter(_ value: DocumentValue) -> AddressFilters.Filter? {
        guard let mapping = value.mapping(keys: ["name", "policy", "cidr"]),
            let name = mapping.required("name")?.string(),
            let policy = mapping.required("policy")?.choice([
                ("Allow", AddressFilters.Policy.allow), ("Block", .block),
            ]), let cidr = mapping.required("cidr"), let text = cidr.string()
        else { return nil }
        guard let block = CIDRBlock(text) else {
            cidr.note("“\(text)” is no address or block of addresses (192.0.2.0/24, 2001:db8::/32)")
            return nil
        }
        return AddressFilters.Filter(name: name, policy: policy, block: block)
    }
}
