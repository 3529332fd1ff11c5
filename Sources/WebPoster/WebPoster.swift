import MailModel
package import Topics

/// Topic subscribers that are web endpoints: one POST for each message, as SNS makes it.
package struct WebPoster: MessagePoster {
    private let client: GuardedHTTPClient

    package init(client: GuardedHTTPClient) {
        self.client = client
    }

    package func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        guard case .web(let url) = endpoint else {
            return messages.map { _ in .failure(PostFailure(.refused, "not a web endpoint")) }
        }
        let answers = await client.post(messages.map(Self.request), to: url)
        // What the DNS says of a name may be otherwise soon; an address stays what it is.
        if case .failure(.forbidden(let reason))? = answers.last, case .address = url.host {
            return messages.map { _ in .failure(PostFailure(.final, reason)) }
        }
        let left = messages.count - answers.count
        return answers.map(Self.result)
            + Array(repeating: .failure(PostFailure(.notTried, "")), count: left)
    }

    private static func request(_ message: SNSMessage) -> HTTPPost {
        var headers = [
            (name: "Content-Type", value: "text/plain; charset=UTF-8"), ("User-Agent", "Martlet"),
            ("x-amz-sns-message-type", message.type),
            ("x-amz-sns-message-id", message.id), ("x-amz-sns-topic-arn", message.topicARN),
        ]
        if let arn = message.subscriptionARN {
            headers.append(("x-amz-sns-subscription-arn", arn))
        }
        return HTTPPost(headers: headers, body: message.body)
    }

    /// SNS: a 4xx is for good, but for 429; all else may pass.
    private static func result(_ answer: Result<Int, HTTPFailure>) -> Result<Void, PostFailure> {
        switch answer {
        case .success(200..<300): .success(())
        case .success(let status):
            .failure(
                PostFailure(
                    (400..<500).contains(status) && status != 429 ? .final : .refused,
                    "answered \(status)"))
        case .failure(let failure): .failure(PostFailure(.unreachable, "\(failure)"))
        }
    }
}
