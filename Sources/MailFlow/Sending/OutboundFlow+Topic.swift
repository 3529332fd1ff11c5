import Actions
package import MailModel
import Storage
package import Topics

/// Topic subscribers by mail: one mail for each message, from the null path, so that nothing answers
/// it (RFC 3834 §3.3). It is sent once, however often the message is tried within a day; a later one
/// has the same Message-ID.
extension OutboundFlow {
    /// The port to subscribers by mail; their mails are from `author`, an address of a verified
    /// identity.
    package func topicPoster(from author: Mailbox) -> any MessagePoster {
        TopicMailer(outbound: self, author: author)
    }
}

private struct TopicMailer: MessagePoster {
    let outbound: OutboundFlow
    let author: Mailbox

    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        guard case .mail(let addressee) = endpoint else {
            return messages.map { _ in .failure(PostFailure(.refused, "no subscriber by mail")) }
        }
        var results: [Result<Void, PostFailure>] = []
        var isOpen = true
        for message in messages {
            guard isOpen, !Task.isCancelled else {
                results.append(.failure(PostFailure(.notTried, "")))
                continue
            }
            let result = await withTaskExecutorPreference(outbound.executor) {
                await post(message, to: addressee)
            }
            // The next one must not overtake it.
            if case .failure(let failure) = result, failure.kind != .final { isOpen = false }
            results.append(result)
        }
        return results
    }

    private func post(
        _ message: SNSMessage, to addressee: MailAddressee
    ) async -> Result<Void, PostFailure> {
        let own = OwnMail(
            to: addressee.address, author: author, operation: SendingFacts.topicOperation,
            stableID: "topic:\(message.id):\(message.subscriber)", requiresTLS: false)
        let answer = await outbound.sendOwn(own) { _, now in
            TopicMail(
                id: message.id, at: now, domain: outbound.settings.returnDomain, from: author,
                to: addressee.address, subject: Self.subject(message),
                text: addressee.form == .json
                    ? String(decoding: message.body, as: UTF8.self) + "\n" : Self.text(message),
                subscription: message.subscriptionARN, unsubscribeURL: message.unsubscribeURL
            ).bytes
        }
        switch answer {
        case .taken: return .success(())
        // Whoever is on the suppression list is so for longer than retries take.
        case .withheld(let reason), .bounced(_, let reason):
            return .failure(PostFailure(.final, reason))
        case .refused(let reason), .failed(let reason):
            return .failure(PostFailure(.unreachable, reason))
        }
    }

    private static func subject(_ message: SNSMessage) -> String {
        switch message.kind {
        case .notification: message.subject ?? "Notification Message"
        case .subscriptionConfirmation: "Notification - Subscription Confirmation"
        case .unsubscribeConfirmation: "Notification - Unsubscribe Confirmation"
        }
    }

    private static func text(_ message: SNSMessage) -> String {
        switch message.kind {
        case .notification:
            let link = message.unsubscribeURL.map {
                "\n\n--\nThis was told to the topic\n\(message.topicARN)\n"
                    + "Who wants no more of it visits\n\($0)"
            }
            return message.message + (link ?? "") + "\n"
        case .subscriptionConfirmation:
            return "Somebody has subscribed this address to the topic\n\(message.topicARN)\n\n"
                + "To confirm that, visit\n\(message.subscribeURL ?? "")\n\n"
                + "Who did not want it has nothing to do: without a confirmation nothing is sent.\n"
        case .unsubscribeConfirmation:
            return "This address gets no more of the topic\n\(message.topicARN)\n\n"
                + "To undo that, visit\n\(message.subscribeURL ?? "")\n"
        }
    }
}
