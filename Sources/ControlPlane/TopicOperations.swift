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

    func subscribe(_ key: SubscriberKey, isTrusted: Bool) async throws -> ControlAnswer {
        let name = "“\(key.subscriber)” of topic “\(key.topic)”"
        do throws(Subscriptions.Problem) {
            switch try await subscriptions.subscribe(key, isTrusted: isTrusted) {
            case .confirmed: return .done("\(name) is confirmed")
            case .pending, .unsubscribed:
                return .done("\(name) is asked to confirm; until then its messages are held")
            }
        } catch {
            switch error {
            case .unknown:
                let known = directory.all.map { "\($0.topic) \($0.subscriber.name)" }
                let hint = NearMiss.hint("\(key.topic) \(key.subscriber)", among: known)
                throw ControlFailure(.notFound, "there is no subscriber \(name)\(hint)")
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
}
