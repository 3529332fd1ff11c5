import Documents
import Foundation
import Glibc
import Handlers
import MailModel
import Topics

/// Reads what rules refer to: buckets, handlers, topics and their subscribers.
struct TargetDocument {
    let settings: SettingReader
    let users: SystemUsers
    var places: PlacesOnDisk

    /// Of all workers together.
    private static let workerProcessesMax = 256

    /// Whether the configuration has a public side.
    private let hasWeb: Bool
    /// Whether buckets are served by S3's protocol.
    let hasS3: Bool

    init(
        settings: SettingReader, users: SystemUsers, dataDirectory: String?, hasWeb: Bool,
        hasS3: Bool
    ) {
        self.settings = settings
        self.users = users
        self.hasWeb = hasWeb
        self.hasS3 = hasS3
        places = PlacesOnDisk(dataDirectory: dataDirectory)
    }

    /// The entries of a mapping whose keys are names that the operator chose.
    func named(_ value: DocumentValue?) -> [(name: String, value: DocumentValue)] {
        value?.mapping(keys: []).map { named($0) } ?? []
    }

    private func named(
        _ mapping: DocumentMapping, besides settings: Set<String> = []
    ) -> [(name: String, value: DocumentValue)] {
        mapping.keys.filter { !settings.contains($0) }.compactMap { name in
            guard Self.isName(name) else {
                mapping.note(
                    "“\(name)” is no name: letters, digits, “-”, “_” and “.”, at most 64, "
                        + "a letter or digit first",
                    atKey: name)
                return nil
            }
            return mapping.required(name).map { (name, $0) }
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter || first.isNumber else {
            return false
        }
        return text.utf8.count <= 64
            && text.allSatisfy { character in
                character.isASCII && (character.isLetter || character.isNumber)
                    || "-_.".contains(character)
            }
    }

    // MARK: Handlers

    func handlers(_ value: DocumentValue?) -> [HandlerProgram] {
        let handlers: [HandlerProgram] = named(value).compactMap { name, entry in
            let keys = ConfigurationSchema.keys(at: "handlers.*")
            guard let mapping = entry.mapping(keys: keys) else { return nil }
            return handler(name, mapping, entry)
        }
        let processes = handlers.reduce(0) { $0 + ($1.processes ?? 0) }
        if processes > Self.workerProcessesMax {
            value?.noteWhole(
                "\(processes) processes of workers and functions, and at most \(Self.workerProcessesMax) "
                    + "of all together")
        }
        return handlers
    }

    private func handler(
        _ name: String, _ mapping: DocumentMapping, _ entry: DocumentValue
    ) -> HandlerProgram? {
        let kinds = ["command", "worker", "function"].filter(mapping.keys.contains)
        // A near miss has been told.
        if kinds.count > 1 || kinds.isEmpty && !mapping.hasUnknownKeys {
            entry.noteWhole("a handler has a “command”, a “worker” or a “function”")
        }
        if kinds == ["command"], mapping.keys.contains("processes") {
            mapping.note("“processes” is of a “worker” or a “function” alone", atKey: "processes")
        }
        let program = kinds.first.map { command(mapping.required($0)) } ?? []
        var handler = HandlerProgram(name: name, command: program)
        let processes = settings.int(mapping, "handlers.*.processes")
        switch kinds.first {
        case "worker": handler.kind = .worker(processes: processes)
        case "function": handler.kind = .function(processes: processes)
        default: handler.kind = .script
        }
        handler.environment = environment(mapping["environment"])
        handler.timeoutSeconds = settings.int(mapping, "handlers.*.timeoutSeconds")
        handler.memoryBytesMax = settings.int(mapping, "handlers.*.memoryBytesMax")
        handler.fileBytesMax = settings.int(mapping, "handlers.*.fileBytesMax")
        handler.filesMax = settings.int(mapping, "handlers.*.filesMax")
        handler.processesMax = settings.int(mapping, "handlers.*.processesMax")
        handler.outputBytesMax = settings.int(mapping, "handlers.*.outputBytesMax")
        handler.errorBytesMax = settings.int(mapping, "handlers.*.errorBytesMax")
        handler.user = mapping["user"].flatMap(users.handler)
        return handler.command.isEmpty ? nil : handler
    }

    /// The program's absolute path, and its arguments as they stand; empty where they cannot be.
    private func command(_ value: DocumentValue?) -> [String] {
        guard let value, value.isSequence else {
            _ = value?.list()
            return []
        }
        let entries = value.list()
        let words = entries.compactMap { $0.string() }
        guard words.count == entries.count else { return [] }
        guard let program = words.first, !program.isEmpty else {
            value.note("at least the program's path")
            return []
        }
        guard !words.contains(where: { $0.utf8.contains(0) }) else {
            value.note("no program can be given a NUL")
            return []
        }
        let path = settings.absolute(program)
        if let reason = SettingReader.reasonAgainst(path, X_OK) {
            let isBareName = !program.contains("/") && SettingReader.isFolder(path) == nil
            let hint = isBareName ? "; programs are not looked for in PATH: write its path" : ""
            value.note("\(path): \(reason)\(hint)")
        } else if SettingReader.isFolder(path) == true {
            value.note("\(path) is a folder, expected a program")
        }
        return [path] + words.dropFirst()
    }

    private func environment(_ value: DocumentValue?) -> [String: String] {
        guard let mapping = value?.mapping(keys: []) else { return [:] }
        var environment: [String: String] = [:]
        for name in mapping.keys {
            guard let text = mapping.required(name)?.string() else { continue }
            guard !name.isEmpty, !name.contains("="), !name.hasPrefix("MARTLET_"),
                !(name + text).utf8.contains(0)
            else {
                mapping.note("“\(name)” cannot be set", atKey: name)
                continue
            }
            environment[name] = text
        }
        return environment
    }

    // MARK: Topics

    mutating func topics(_ value: DocumentValue?) -> [String: [Subscriber]] {
        var topics: [String: [Subscriber]] = [:]
        for (name, entry) in named(value) {
            topics[name] = entry.mapping(keys: []).map { subscribers($0) } ?? []
        }
        return topics
    }

    private mutating func subscribers(_ topic: DocumentMapping) -> [Subscriber] {
        let version = settings.int(topic, "topics.*.signatureVersion")
        return named(topic, besides: ["signatureVersion"]).compactMap { name, value in
            var subscriber = subscriber(name, value)
            subscriber?.signatureVersion = version == 2 ? .sha256 : .sha1
            return subscriber
        }
    }

    private mutating func subscriber(_ name: String, _ value: DocumentValue) -> Subscriber? {
        let keys = ConfigurationSchema.keys(at: "topics.*.*")
        guard let mapping = value.mapping(keys: keys) else { return nil }
        let isWeb = mapping.keys.contains("url")
        guard isWeb != mapping.keys.contains("file") else {
            if isWeb || !mapping.hasUnknownKeys {
                value.noteWhole("a subscriber has a “file” or a “url”")
            }
            return nil
        }
        guard isWeb else {
            for key in mapping.keys where ["confirm", "deliveryPolicy"].contains(key) {
                mapping.note("“\(key)” is of a “url” alone", atKey: key)
            }
            return file(mapping.required("file")).map { Subscriber(name: name, endpoint: $0) }
        }
        let policy = policy(mapping["deliveryPolicy"])
        let isAsked = isAsked(mapping)
        guard let url = mapping.required("url").flatMap(url) else { return nil }
        var subscriber = Subscriber(name: name, endpoint: .web(url))
        subscriber.isAsked = isAsked
        subscriber.policy = policy
        return subscriber
    }

    private mutating func file(_ value: DocumentValue?) -> Subscriber.Endpoint? {
        guard let value, let file = settings.path(value, to: .file) else { return nil }
        places.addSubscriber(file: file, value)
        return .file(path: file)
    }

    private func isAsked(_ mapping: DocumentMapping) -> Bool {
        let isAsked = settings.bool(mapping, "topics.*.*.confirm")
        if isAsked, !hasWeb, let value = mapping["confirm"] {
            value.note("without a “web” section there is nowhere to confirm")
        }
        return isAsked
    }

    private func policy(_ value: DocumentValue?) -> DeliveryPolicy {
        let path = "topics.*.*.deliveryPolicy"
        var policy = DeliveryPolicy()
        guard let value, let mapping = value.mapping(keys: ConfigurationSchema.keys(at: path))
        else { return policy }
        policy.numRetries = settings.int(mapping, "\(path).numRetries")
        policy.numNoDelayRetries = settings.int(mapping, "\(path).numNoDelayRetries")
        policy.numMinDelayRetries = settings.int(mapping, "\(path).numMinDelayRetries")
        policy.numMaxDelayRetries = settings.int(mapping, "\(path).numMaxDelayRetries")
        policy.minDelaySeconds = Int64(settings.int(mapping, "\(path).minDelayTarget"))
        policy.maxDelaySeconds = Int64(settings.int(mapping, "\(path).maxDelayTarget"))
        policy.backoff =
            mapping["backoffFunction"]?.choice(
                DeliveryPolicy.Backoff.allCases.map { ($0.rawValue, $0) }) ?? .exponential
        if policy.minDelaySeconds > policy.maxDelaySeconds {
            value.noteWhole("minDelayTarget is above maxDelayTarget")
        }
        return policy
    }

    func url(_ value: DocumentValue) -> WebURL? {
        guard let text = value.string() else { return nil }
        do throws(WebURL.ParsingError) {
            return try WebURL(parsing: text)
        } catch {
            value.note(error, of: text)
            return nil
        }
    }
}

extension DocumentValue {
    /// A password is not said again.
    func note(_ error: WebURL.ParsingError, of text: String) {
        if case .hasUser = error { note("\(error)") } else { note("“\(text)” \(error)") }
    }
}
