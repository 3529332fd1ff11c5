import Actions
import Documents
import Topics

extension TargetDocument {
    /// The topics and their subscribers, of whom some may be `handlers`.
    mutating func topics(
        _ value: DocumentValue?, _ handlers: Handlers
    ) -> [String: [Subscriber]] {
        var topics: [String: [Subscriber]] = [:]
        for (name, entry) in named(value) {
            topics[name] = entry.mapping(keys: []).map { subscribers($0, handlers) } ?? []
        }
        return topics
    }

    private mutating func subscribers(
        _ topic: DocumentMapping, _ handlers: Handlers
    ) -> [Subscriber] {
        let version = settings.int(topic, "topics.*.signatureVersion")
        return named(topic, besides: ["signatureVersion"]).compactMap { name, value in
            var subscriber = subscriber(name, value, handlers)
            subscriber?.signatureVersion = version == 2 ? .sha256 : .sha1
            return subscriber
        }
    }

    private mutating func subscriber(
        _ name: String, _ value: DocumentValue, _ handlers: Handlers
    ) -> Subscriber? {
        let keys = ConfigurationSchema.keys(at: "topics.*.*")
        guard let mapping = value.mapping(keys: keys) else { return nil }
        let kinds = ["file", "url", "handler"].filter(mapping.keys.contains)
        guard kinds.count == 1 else {
            if !kinds.isEmpty || !mapping.hasUnknownKeys {
                value.noteWhole("a subscriber has a “file”, a “url” or a “handler”")
            }
            return nil
        }
        let isWeb = kinds == ["url"]
        if !isWeb { noteKeys(["confirm"], of: "a “url”", in: mapping) }
        if kinds == ["file"] {
            noteKeys(["deliveryPolicy"], of: "a “url” or a “handler”", in: mapping)
            return file(mapping.required("file")).map { Subscriber(name: name, endpoint: $0) }
        }
        let policy = policy(mapping["deliveryPolicy"])
        let asks = isWeb && isAsked(mapping)
        let endpoint =
            isWeb
            ? mapping.required("url").flatMap(url).map { Subscriber.Endpoint.web($0) }
            : mapping.required("handler").flatMap { handler($0, among: handlers) }
        guard let endpoint else { return nil }
        var subscriber = Subscriber(name: name, endpoint: endpoint)
        subscriber.isAsked = asks
        subscriber.policy = policy
        return subscriber
    }

    private func handler(
        _ value: DocumentValue, among handlers: Handlers
    ) -> Subscriber.Endpoint? {
        guard let name = value.string() else { return nil }
        guard handlers.names.contains(name) else {
            let hint = NearMiss.hint(name, among: handlers.names)
            value.note("the configuration has no handler “\(name)”\(hint)")
            return nil
        }
        guard handlers.endpoints[name]?.format != .raw else {
            value.note("“\(name)” takes raw mails, and a topic has messages (format: json)")
            return nil
        }
        return .handler(name)
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
}
