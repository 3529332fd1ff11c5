import Actions
import Foundation
import MailModel
import NIOCore
import RuleEngine
import Synchronization
import TestSupport
import Testing
import Topics

/// Handlers that are web endpoints.
@Suite(.timeLimit(.minutes(1))) struct EndpointInvokerTests {
    /// Keeps what is posted, and answers as it is told, once it may.
    private final class Endpoint: WebhookPoster {
        private struct State {
            var posts: [(request: WebhookRequest, url: WebURL, seconds: Int64)] = []
            var waiting: [CheckedContinuation<Void, Never>] = []
            var isOpen: Bool
        }

        private let state: Mutex<State>
        private let answer: WebhookAnswer

        init(_ answer: WebhookAnswer, isOpen: Bool = true) {
            self.answer = answer
            state = Mutex(State(isOpen: isOpen))
        }

        var posts: [(request: WebhookRequest, url: WebURL, seconds: Int64)] {
            state.withLock { $0.posts }
        }

        func post(
            _ request: WebhookRequest, to url: WebURL, seconds: Int64
        ) async -> WebhookAnswer {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    state.posts.append((request, url, seconds))
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if goesOn { continuation.resume() }
            }
            return answer
        }

        /// Lets the one that waits longest be answered.
        func answerOne() {
            state.withLock { $0.waiting.removeFirst() }.resume()
        }
    }

    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let now = Timestamp(milliseconds: TestMail.receivedAt.milliseconds + 1_205)

    private func invoker(
        _ poster: Endpoint, format: HandlerEndpoint.Format = .json, token: String? = nil,
        postsMax: Int = 1, others: ScriptedInvoker = ScriptedInvoker()
    ) throws -> EndpointInvoker {
        EndpointInvoker(
            [
                "remote": HandlerEndpoint(
                    url: try WebURL(parsing: "https://tickets.example/mail"), format: format,
                    secrets: [try #require(WebhookSecret(Self.secret))],
                    token: token.flatMap { BearerToken($0) }, timeoutSeconds: 7,
                    outputBytesMax: 100, postsMax: postsMax)
            ], poster: poster, time: ManualTime(Self.now), others: others)
    }

    private func actions(_ invoker: EndpointInvoker) -> ReceiptActions {
        let fixture = ActionFixture()
        return ReceiptActions(
            objects: fixture.objects, invoker: invoker, topics: TopicDirectory([:]),
            bodies: fixture.bodies, time: ManualTime(Self.now), random: CountingRandom())
    }

    private func perform(
        _ answer: WebhookAnswer, type: ReceiptAction.InvocationType = .requestResponse
    ) async throws -> ActionResult {
        let task = TestMail().task(
            .invoke(handler: "remote", type: type, topic: nil, onFailure: .hold))
        return await actions(try invoker(Endpoint(answer))).perform([task])[0]
    }

    private func header(_ name: String, _ request: WebhookRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    // MARK: Requests

    @Test func getsTheEventSigned() async throws {
        let poster = Endpoint(.answered(status: 200))
        let actions = actions(try invoker(poster, token: "tickets-7=="))
        var task = TestMail().task(
            .invoke(handler: "remote", type: .event, topic: nil, onFailure: .goOn))
        task.key = ActionKey(rule: "a.b", position: 2)
        task.attempt = 3
        _ = await actions.perform([task])
        let post = try #require(poster.posts.first)
        #expect("\(post.url)" == "https://tickets.example/mail" && post.seconds == 7)
        let request = post.request
        #expect(request.answerBytesMax == 100)
        #expect(header("Content-Type", request) == "application/json")
        let id = "\(TestMail.id)/a%2Eb/2"
        #expect(header("webhook-id", request) == id)
        #expect(header("webhook-timestamp", request) == "1565040603")
        #expect(
            header("webhook-signature", request)
                == WebhookSecret(Self.secret)?.signature(id: id, at: Self.now, of: request.body))
        #expect(header("martlet-mail-id", request) == "\(TestMail.id)")
        #expect(header("martlet-attempt", request) == "3")
        #expect(header("Authorization", request) == "Bearer tickets-7==")
        let event = try JSONText.object(request.body)
        let record = try #require((event["Records"] as? [[String: Any]])?.first)
        #expect(record["eventSource"] as? String == "aws:ses")
    }

    @Test func rawIsTheMailFromWhereverItIs() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/body"
        try Data("0123456789".utf8).write(to: URL(fileURLWithPath: path))
        let poster = Endpoint(.answered(status: 200))
        let invoker = try invoker(poster, format: .raw)
        func invocation(_ length: Int) throws -> FunctionInvocation {
            FunctionInvocation(
                handler: "remote", arn: "arn", stableID: "1/r/0", attempt: 1, mail: TestMail.id,
                rule: "r", event: Array("{}".utf8), environment: [],
                input: [
                    .bytes(ByteBuffer(string: "X: y\r\n")),
                    .file(path: path, start: 4, length: length),
                ], recipients: [try #require(Mailbox("ada@demo.example"))])
        }
        #expect(await invoker.invoke(try invocation(6)) == .answered(output: []))
        let request = try #require(poster.posts.first?.request)
        #expect(header("Content-Type", request) == "message/rfc822")
        #expect(header("Authorization", request) == nil)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "X-Original-To: ada@demo.example\r\nX: y\r\n456789")
        // What was accepted is posted whole, or not at all.
        #expect(
            await invoker.invoke(try invocation(7))
                == .failed(
                    detail: "it could not be given the mail: it is shorter than what was accepted"))
        #expect(poster.posts.count == 1)
    }

    @Test func othersAreRunByOthers() async throws {
        let others = ScriptedInvoker()
        others.answer(.noSuchHandler)
        let poster = Endpoint(.answered(status: 200))
        let invocation = FunctionInvocation(
            handler: "script", arn: "arn", stableID: "1", attempt: 1, mail: TestMail.id, rule: "r",
            event: [], environment: [], input: [])
        #expect(await (try invoker(poster, others: others)).invoke(invocation) == .noSuchHandler)
        #expect(others.invocations.map(\.handler) == ["script"])
        #expect(poster.posts.isEmpty)
    }

    @Test(arguments: [
        ("abcXYZ019-._~+/", true), ("a", true), ("a==", true), ("", false), ("==", false),
        ("a=b", false), ("a b", false), ("a\r\nX: y", false), ("ü", false),
        (String(repeating: "a", count: 4_096), true), (String(repeating: "a", count: 4_097), false),
    ])
    func aTokenIsOne(_ text: String, _ isOne: Bool) {
        #expect((BearerToken(text) != nil) == isOne)
    }

    // MARK: Answers

    struct Told: Sendable, CustomTestStringConvertible {
        var answer: WebhookAnswer
        var ending: ActionResult.Ending
        var detail: String
        var wait: Int64?

        init(
            _ answer: WebhookAnswer, _ ending: ActionResult.Ending, _ detail: String,
            wait: Int64? = nil
        ) {
            self.answer = answer
            self.ending = ending
            self.detail = detail
            self.wait = wait
        }

        init(_ status: Int = 200, body: String?, _ disposition: Disposition, _ detail: String) {
            self.init(
                .answered(status: status, body: body.map { Array($0.utf8) }), .done(disposition),
                detail)
        }

        /// A status that is a failure.
        init(_ status: Int) {
            self.init(.answered(status: status), .failed, "answered \(status)")
        }

        init(_ status: Int, after: String, wait: Int64?) {
            self.init(
                .answered(status: status, retryAfter: after), .failed, "answered \(status)",
                wait: wait)
        }

        var testDescription: String { "\(answer)" }
    }

    static let told = [
        Told(body: #"{"disposition": "STOP_RULE"}"#, .stopRule, "STOP_RULE"),
        Told(299, body: #"{"disposition": "stop_rule_set"}"#, .stopRuleSet, "STOP_RULE_SET"),
        Told(204, body: "", .continueOn, "CONTINUE (no answer)"),
        Told(
            body: "<html>", .continueOn,
            "CONTINUE (the answer is no JSON: line 1, column 1: found “<html>”)"),
        Told(body: "[1]", .continueOn, "CONTINUE (the answer names no disposition)"),
        Told(
            body: #"{"disposition": "GO"}"#, .continueOn,
            "CONTINUE (the answer's disposition is none of SES's)"),
        Told(body: nil, .continueOn, "CONTINUE (the answer is too long)"),
        Told(199), Told(300), Told(301), Told(400), Told(404), Told(406), Told(410), Told(500),
        Told(503),
        Told(429, after: "120", wait: 120), Told(503, after: "99999", wait: 3_600),
        Told(500, after: "120", wait: nil), Told(503, after: "soon", wait: nil),
        Told(.failed("no route"), .failed, "no route"),
        Told(.forbidden("127.0.0.1: inside"), .failed, "127.0.0.1: inside"),
    ]

    @Test(arguments: told)
    func eachAnswerHasItsMeaning(_ told: Told) async throws {
        let result = try await perform(told.answer)
        #expect(result.ending == told.ending)
        #expect(result.detail == "remote: \(told.detail)")
        #expect(result.notBefore == told.wait.map { Self.now.advanced(bySeconds: $0) })
    }

    @Test func anEventsAnswerIsNotRead() async throws {
        let result = try await perform(
            .answered(status: 200, body: Array(#"{"disposition": "STOP_RULE"}"#.utf8)), type: .event
        )
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "remote: accepted the event")
    }

    // MARK: Places

    /// Mails whose 250 waits go first, and what nobody waits for is not posted.
    @Test func sessionsGoFirst() async throws {
        let poster = Endpoint(.answered(status: 200), isOpen: false)
        let invoker = try invoker(poster)
        func ask(_ id: String, waits: Bool? = nil) async -> FunctionOutcome {
            var sessionWaits: (@Sendable () -> Bool)?
            if let waits { sessionWaits = { waits } }
            return await invoker.invoke(
                FunctionInvocation(
                    handler: "remote", arn: "arn", stableID: id, attempt: 1, mail: TestMail.id,
                    rule: "r", event: [], environment: [], input: [], sessionWaits: sessionWaits))
        }
        async let first = ask("first")
        while poster.posts.isEmpty { await Task.yield() }
        async let action = ask("action")
        for _ in 0..<20_000 { await Task.yield() }
        async let gone = ask("gone", waits: false)
        async let session = ask("session", waits: true)
        for _ in 0..<20_000 { await Task.yield() }
        for posts in 2...3 {
            poster.answerOne()
            while poster.posts.count < posts { await Task.yield() }
        }
        poster.answerOne()
        _ = await (first, action, session)
        #expect(await gone == .failed(detail: "its session waits no longer"))
        #expect(
            poster.posts.compactMap { header("webhook-id", $0.request) }
                == ["first", "session", "action"])
    }

    /// No more requests at once than it may have, in the order in which they came.
    @Test func theOthersWaitForAPlace() async throws {
        let poster = Endpoint(.answered(status: 200), isOpen: false)
        let invoker = try invoker(poster, postsMax: 2)
        await withTaskGroup(of: Void.self) { group in
            for number in 1...5 {
                group.addTask {
                    _ = await invoker.invoke(
                        FunctionInvocation(
                            handler: "remote", arn: "arn", stableID: "\(number)", attempt: 1,
                            mail: TestMail.id, rule: "r", event: [], environment: [], input: []))
                }
            }
            for answered in 0..<5 {
                while poster.posts.count < min(answered + 2, 5) { await Task.yield() }
                // Whoever could go on without a place would have done so.
                for _ in 0..<100 { await Task.yield() }
                #expect(poster.posts.count == min(answered + 2, 5))
                poster.answerOne()
            }
        }
        #expect(Set(poster.posts.compactMap { header("webhook-id", $0.request) }).count == 5)
    }
}
