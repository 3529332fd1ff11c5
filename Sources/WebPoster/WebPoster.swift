import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Topics

/// Topic subscribers that are web endpoints: one POST for each message, as SNS makes it.
///
/// Follows no redirect, waits 15 seconds at most and reads 64 KB of an answer.
package final class WebPoster: MessagePoster {
    private static let timeoutSeconds: Int64 = 15
    private static let answerBytesMax = 65_536

    private let client: HTTPClient

    package init() {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = HTTPClient.Configuration.Timeout(
            connect: .seconds(5), read: .seconds(Self.timeoutSeconds))
        client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func shutdown() async {
        try? await client.shutdown()
    }

    package func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        guard case .web(let url) = endpoint else {
            return messages.map { _ in .failure(PostFailure(.refused, "not a web endpoint")) }
        }
        var results: [Result<Void, PostFailure>] = []
        for message in messages {
            let result = await post(message, to: url)
            results.append(result)
            if case .failure(let failure) = result, failure.kind == .unreachable { break }
        }
        let left = messages.count - results.count
        return results + Array(repeating: .failure(PostFailure(.notTried, "")), count: left)
    }

    private func post(_ message: SNSMessage, to url: String) async -> Result<Void, PostFailure> {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "text/plain; charset=UTF-8")
        request.headers.add(name: "User-Agent", value: "Martlet")
        request.headers.add(name: "x-amz-sns-message-type", value: "Notification")
        request.headers.add(name: "x-amz-sns-message-id", value: message.id)
        request.headers.add(name: "x-amz-sns-topic-arn", value: message.topicARN)
        request.headers.add(name: "x-amz-sns-subscription-arn", value: message.subscriptionARN)
        request.body = .bytes(ByteBuffer(bytes: message.body))
        do {
            let answer = try await client.execute(
                request, timeout: .seconds(Self.timeoutSeconds))
            _ = try? await answer.body.collect(upTo: Self.answerBytesMax)
            guard (200..<300).contains(answer.status.code) else {
                return .failure(PostFailure(.refused, "answered \(answer.status.code)"))
            }
            return .success(())
        } catch {
            return .failure(PostFailure(.unreachable, "\(error)"))
        }
    }
}
