import Documents
import MailModel
import Storage
package import Topics

/// What an operator asks of topics and their subscribers.
package struct TopicOperations: Sendable {
    private let directory: TopicDirectory
    private let subscriptions: Subscriptions

    package init(directory: TopicDirectory, subscriptions: Subscriptions) {
        self.directory = directory
        self.subscriptions = subscriptions
    }

    var list: [SubscriptionView] {
        directory.all.map { topic, subscriber in
            let key = SubscriberKey(topic: topic, subscriber: subscriber.name)
            return SubscriptionView(
                topic: topic, subscriber, subscriptions.record(of: key))
        }
    }

    /// One with an `@` is an address, whether it has been known before or not; only addresses may
    /// want JSON.
    func subscribe(
        _ key: SubscriberKey, wantsJSON: Bool, isTrusted: Bool
    ) async throws -> ControlAnswer {
        let name = "“\(key.subscriber)” of topic “\(key.topic)”"
        var addressee: MailAddressee?
        if key.subscriber.contains("@") {
            guard let address = Mailbox(key.subscriber) else {
                throw ControlFailure(.invalid, "“\(key.subscriber)” is no mail address")
            }
            addressee = MailAddressee(address: address, form: wantsJSON ? .json : .text)
        } else if wantsJSON {
            throw ControlFailure(.invalid, "\(name) is no mail address, and gets JSON anyway")
        }
        do throws(Subscriptions.Problem) {
            let state =
                if let addressee {
                    try await subscriptions.subscribe(
                        addressee, to: key.topic, isTrusted: isTrusted)
                } else {
                    try await subscriptions.subscribe(key, isTrusted: isTrusted)
                }
            switch state {
            case .confirmed: return .done("\(name) is confirmed")
            case .pending, .unsubscribed:
                return .done("\(name) is asked to confirm; until then its messages are held")
            }
        } catch {
            switch error {
            case .unknown:
                if addressee != nil {
                    let hint = NearMiss.hint(key.topic, among: directory.names)
                    throw ControlFailure(.notFound, "there is no topic “\(key.topic)”\(hint)")
                }
                let known = directory.all.map { "\($0.topic) \($0.subscriber.name)" }
                let hint = NearMiss.hint("\(key.topic) \(key.subscriber)", among: known)
                throw ControlFailure(.notFound, "there is no subscriber \(name)\(hint)")
            case .nothingIsSent:
                throw ControlFailure(
                    .invalid,
                    "\(name) cannot be written to: that wants “sending.enabled” and "
                        + "“sending.topicsFrom” in the configuration")
            case .nowhereToConfirm where addressee != nil:
                throw ControlFailure(
                    .invalid,
                    "\(name) has nowhere to confirm, nor to unsubscribe: the configuration has no "
                        + "“web”")
            case .notWeb:
                throw ControlFailure(
                    .invalid, "\(name) is a file or a handler, which nobody has to ask")
            case .nowhereToConfirm:
                throw ControlFailure(
                    .invalid,
                    "\(name) has nowhere to confirm: the configuration has no “web”; --trusted has "
                        + "it confirmed by your word")
            case .storage(let failure): throw failure
            }
        }
    }

    func unsubscribe(_ key: SubscriberKey) async throws -> ControlAnswer {
        let name = "“\(key.subscriber)” of topic “\(key.topic)”"
        let address = Mailbox(key.subscriber)?.wireText ?? key.subscriber
        guard
            try await subscriptions.remove(SubscriberKey(topic: key.topic, subscriber: address))
        else {
            throw ControlFailure(
                .notFound,
                "there is no subscriber by mail \(name); others stand in the configuration")
        }
        return .done("\(name) gets nothing more")
    }
}
