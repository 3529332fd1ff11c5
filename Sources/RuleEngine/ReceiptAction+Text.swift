import MailModel

extension ReceiptAction {
    /// The kind of a `store` action's journal rows.
    package static let storeKind = "store"

    /// The kind of a `tag` action's journal rows, whose detail is `name=value`.
    package static let tagKind = "tag"

    /// What the action is called in rule files, the journal and the logs.
    package var kind: String {
        switch self {
        case .store: Self.storeKind
        case .invoke: "invoke"
        case .notify: "notify"
        case .forward: "forward"
        case .reject: "reject"
        case .bounce: "bounce"
        case .reply: "reply"
        case .relay: "relay"
        case .deliver: "deliver"
        case .webhook: "webhook"
        case .addHeader: "addHeader"
        case .removeHeader: "removeHeader"
        case .tag: Self.tagKind
        case .quarantine: "quarantine"
        case .stop: "stop"
        case .drop: "drop"
        }
    }

    /// The action in a few words, for people.
    package var text: String {
        switch self {
        case .store(let bucket, let prefix, _, _): "store \(bucket)/\(prefix ?? "")"
        case .invoke(let handler, let type, _, _):
            type == .event ? "invoke \(handler) (Event)" : "invoke \(handler)"
        case .notify(let topic, _): "notify \(topic)"
        case .reject(let code, let status, let text, let asking):
            "reject \(code) \(status) \(text)" + (asking.map { " if \($0.handler) does" } ?? "")
        case .forward(let targets, _, _): "forward to \(targets.joined(separator: ", "))"
        case .bounce(let bounce): "bounce \(bounce.reply)"
        case .reply(let reply): "reply \(reply.subject)"
        case .relay(let relay): "relay to \(relay)"
        case .deliver(let maildir): "deliver into \(maildir)"
        case .webhook(let webhook): "webhook to \(webhook)"
        case .addHeader(let name, let value): "addHeader \(name): \(value)"
        case .removeHeader(let name): "removeHeader \(name)"
        case .tag(let name, let value): "tag \(name)=\(value)"
        case .quarantine(let reason): reason.map { "quarantine: \($0)" } ?? "quarantine"
        case .stop: "stop"
        case .drop: "drop"
        }
    }
}

extension RecipientCondition {
    /// As rule files write it, and SES where it has it; of an expression, its text.
    package var text: String {
        switch self {
        case .address(let localPart, let domain):
            Mailbox(validatedLocalPart: localPart, domain: Domain(validatedASCII: domain)).wireText
        case .domain(let domain): domain
        case .subdomains(let parent): ".\(parent)"
        case .like(let wildcard): wildcard.text
        case .matches(let pattern): pattern.text
        }
    }
}
