import MailModel
import NIOCore
import RuleEngine
package import Topics

/// Topic subscribers that are handlers: asked about one message after another, with the event that
/// SNS gives to a Lambda function. What they answer is not read.
package struct HandlerPoster: MessagePoster {
    private let invoker: any FunctionInvoker

    package init(invoker: any FunctionInvoker) {
        self.invoker = invoker
    }

    /// A handler that fails has failed at its message alone: the next is tried. A cancelled task
    /// begins no further one.
    package func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        guard case .handler(let name) = endpoint else {
            return messages.map { _ in .failure(PostFailure(.refused, "not a handler")) }
        }
        var results: [Result<Void, PostFailure>] = []
        for message in messages {
            guard !Task.isCancelled else {
                results.append(.failure(PostFailure(.notTried, "")))
                continue
            }
            results.append(await post(message, to: name))
        }
        return results
    }

    private func post(_ message: SNSMessage, to name: String) async -> Result<Void, PostFailure> {
        let id = "\(message.id)/\(message.subscriber)"
        let outcome = await invoker.invoke(
            FunctionInvocation(
                handler: name, arn: SESRuleDocument.functionARN(name), stableID: id,
                attempt: message.attempt, mail: nil, rule: nil, event: message.lambdaEvent,
                environment: [
                    ("MARTLET_ACTION_ID", id), ("MARTLET_ATTEMPT", "\(message.attempt)"),
                    ("MARTLET_MESSAGE_ID", message.id), ("MARTLET_TOPIC_ARN", message.topicARN),
                ], input: [.bytes(ByteBuffer(bytes: message.body))]))
        switch outcome {
        case .answered: return .success(())
        case .failed(let detail, _):
            return .failure(PostFailure(.refused, "\(name): \(detail)"))
        case .noSuchHandler:
            return .failure(PostFailure(.refused, "no such handler: \(name)"))
        }
    }
}
