import Actions
import Foundation
import NIOCore
import Storage
import Testing
import Topics

/// Handlers that are told what a topic is told.
@Suite struct HandlerPosterTests {
    private static let topicARN = "arn:aws:sns:us-east-1:000000000000:arrivals"

    private static func message(
        _ id: String = "m1", subject: String? = "A mail", attempts: Int = 0
    ) -> SNSMessage {
        SNSMessage(
            TopicDelivery(
                message: TopicMessage(
                    id: id, topic: "arrivals", subject: subject, message: #"{"a": "ü"}"#,
                    createdAt: TestMail.receivedAt),
                subscriber: "tickets", state: .waiting, attempts: attempts,
                nextAttemptAt: TestMail.receivedAt, lastError: nil), topicARN: topicARN)
    }

    private func post(
        _ messages: [SNSMessage], _ outcome: FunctionOutcome = .answered(output: [])
    ) async -> (results: [Result<Void, PostFailure>], invocations: [FunctionInvocation]) {
        let invoker = ScriptedInvoker()
        invoker.answer(outcome)
        let results = await HandlerPoster(invoker: invoker).post(
            messages, to: .handler("ticket"))
        return (results, invoker.invocations)
    }

    @Test func givesTheEventThatSNSGives() async throws {
        let message = Self.message(attempts: 2)
        let (results, invocations) = await post([message])
        #expect(results.count == 1 && results.allSatisfy { (try? $0.get()) != nil })
        let invocation = try #require(invocations.first)
        #expect(invocation.handler == "ticket")
        #expect(invocation.arn == "arn:aws:lambda:us-east-1:000000000000:function:ticket")
        #expect(invocation.stableID == "m1/tickets" && invocation.attempt == 3)
        #expect(invocation.mail == nil && invocation.rule == nil)
        #expect(
            invocation.environment.map { "\($0.name)=\($0.value)" } == [
                "MARTLET_ACTION_ID=m1/tickets", "MARTLET_ATTEMPT=3", "MARTLET_MESSAGE_ID=m1",
                "MARTLET_TOPIC_ARN=\(Self.topicARN)",
            ])
        guard case .bytes(let input)? = invocation.input.first else {
            Issue.record("no input")
            return
        }
        #expect(Array(input.readableBytesView) == message.body)
        let expected = """
            {
              "Records" : [
                {
                  "EventSource" : "aws:sns",
                  "EventSubscriptionArn" : "\(Self.topicARN):tickets",
                  "EventVersion" : "1.0",
                  "Sns" : {
                    "Message" : "{\\"a\\": \\"ü\\"}",
                    "MessageAttributes" : {

                    },
                    "MessageId" : "m1",
                    "Subject" : "A mail",
                    "Timestamp" : "2019-08-05T21:30:02.028Z",
                    "TopicArn" : "\(Self.topicARN)",
                    "Type" : "Notification"
                  }
                }
              ]
            }

            """
        #expect(try JSONText.pretty(invocation.event) == expected)
    }

    /// Programs ask for the member, whether there is a subject or not.
    @Test func noSubjectIsNull() async throws {
        let (_, invocations) = await post([Self.message(subject: nil)])
        let event = try JSONText.object(try #require(invocations.first).event)
        let records = try #require(event["Records"] as? [[String: Any]])
        let sns = try #require(records.first?["Sns"] as? [String: Any])
        #expect(sns["Subject"] is NSNull)
    }

    @Test(arguments: [
        (
            FunctionOutcome.failed(detail: "exit status 7"),
            PostFailure(.refused, "ticket: exit status 7")
        ),
        (.noSuchHandler, PostFailure(.refused, "no such handler: ticket")),
    ])
    func aFailureIsOfItsMessageAlone(_ outcome: FunctionOutcome, _ failure: PostFailure) async {
        let (results, invocations) = await post(
            [Self.message("m1"), Self.message("m2")], outcome)
        #expect(invocations.map(\.stableID) == ["m1/tickets", "m2/tickets"])
        for result in results {
            #expect(throws: failure) { try result.get() }
        }
    }

    @Test func nothingIsBegunAtTheEnd() async {
        let work = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await post([Self.message("m1"), Self.message("m2")])
        }
        let (results, invocations) = await work.value
        #expect(invocations.isEmpty && results.count == 2)
        for result in results {
            #expect(throws: PostFailure(.notTried, "")) { try result.get() }
        }
    }

    @Test func whatIsNoHandlerIsRefused() async {
        let poster = HandlerPoster(invoker: ScriptedInvoker())
        let results = await poster.post([Self.message()], to: .file(path: "/x"))
        #expect(throws: PostFailure(.refused, "not a handler")) { try results[0].get() }
    }
}
