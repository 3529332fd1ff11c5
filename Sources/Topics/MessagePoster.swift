/// The port to endpoints: takes messages to where a subscriber wants them.
package protocol MessagePoster: Sendable {
    /// Delivers `messages` (in SNS's form) to one endpoint, in order; one result for each.
    /// A web endpoint has the message when it answered 2xx, a file when it is synced.
    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>]
}

/// Why an endpoint did not take a message; another try may help.
package struct PostFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
