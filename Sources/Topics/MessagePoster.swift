/// The port to endpoints: takes messages to where a subscriber wants them.
package protocol MessagePoster: Sendable {
    /// Delivers `messages` (in SNS's form) to one endpoint, in order; one result for each.
    /// A web endpoint has the message when it answered 2xx, a file when it is synced. Once the
    /// endpoint cannot be reached, what is left is `notTried`.
    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>]
}

/// Why an endpoint did not take a message.
package struct PostFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// It said no to this message; others may go through.
        case refused
        /// Another try would end the same: this message is dead.
        case final
        /// It cannot be reached, or does not answer: nothing goes through now.
        case unreachable
        /// A message before this one found the endpoint unreachable.
        case notTried
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
