import Actions
import MailFlow
import MailModel
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

/// How mails wait for endpoints.
@Suite(.timeLimit(.minutes(1))) struct WebhookRoomTests {
    /// Endpoints by the host of their URL: `dead` does not answer until it is let.
    private final class Endpoints: WebhookPoster {
        private struct State {
            var seen: [String: Int] = [:]
            var waiting: [CheckedContinuation<Void, Never>] = []
            var isOpen = false
            var answers: [WebhookAnswer] = []
        }

        private let state = Mutex(State())

        /// Posts that have come for a host.
        func seen(_ host: String) -> Int { state.withLock { $0.seen[host] ?? 0 } }

        func answer(_ answers: WebhookAnswer...) { state.withLock { $0.answers = answers } }

        func post(
            _ request: WebhookRequest, to url: WebURL, seconds: Int64
        ) async -> WebhookAnswer {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    state.seen[url.hostField, default: 0] += 1
                    guard url.hostField == "dead.example", !state.isOpen else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
            return state.withLock { state in
                state.answers.isEmpty ? .answered(status: 200) : state.answers.removeFirst()
            }
        }

        func open() {
            let waiting = state.withLock { state in
                defer { (state.isOpen, state.waiting) = (true, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private static func acting(_ endpoints: Endpoints) async throws -> Acting {
        let webhooks = try ["dead", "live"].map { name in
            (
                name,
                Webhook(
                    url: try WebURL(parsing: "https://\(name).example/"), format: .raw,
                    secrets: [], timeoutSeconds: 10, bodyBytesMax: 10_000,
                    attachmentsBytesMax: 0, postsMax: 2)
            )
        }
        func rule(_ name: String, _ actions: [ReceiptAction]) -> ReceiptRule {
            ReceiptRule(
                name: name, isEnabled: true, tlsPolicy: .optional,
                recipients: [.address(localPart: name, domain: "ours.example")],
                actions: actions, isScanEnabled: false)
        }
        let acting = try await Acting(
            [
                rule("dead", [.webhook(to: "dead")]),
                rule(
                    "live",
                    [
                        .invoke(
                            handler: "h", type: .requestResponse, topic: nil, onFailure: .hold),
                        .webhook(to: "live"),
                    ]),
            ],
            webhooks: Webhooks(
                Dictionary(webhooks) { first, _ in first }, poster: endpoints))
        acting.invoker.answer("h", ScriptedInvoker.says("CONTINUE"))
        return acting
    }

    /// Twenty mails wait for an endpoint that does not answer, more than there are handlers; it has
    /// two of them at once, and others neither wait for it nor for its places.
    @Test func aDeadEndpointHoldsUpItsOwnMailsAlone() async throws {
        let endpoints = Endpoints()
        try await Self.acting(endpoints).run { acting in
            var waiting: [MailID] = []
            for _ in 1...20 {
                waiting.append(try await acting.receive(to: ["dead@ours.example"]))
            }
            while endpoints.seen("dead.example") < 2 { await Task.yield() }
            let mail = try await acting.receive(to: ["live@ours.example"])
            await acting.ended.retirement(of: mail)
            #expect(try await acting.journal(mail) == ["live/0:done", "live/1:done"])
            #expect(endpoints.seen("dead.example") == 2)
            endpoints.open()
            for mail in waiting { await acting.ended.retirement(of: mail) }
            #expect(endpoints.seen("dead.example") == 20)
        }
    }

    /// So it is with a handler that is an endpoint: it takes no script's place.
    @Test func aHandlerThatDoesNotAnswerHoldsUpItsOwnMailsAlone() async throws {
        func rule(_ handler: String) -> ReceiptRule {
            ReceiptRule(
                name: handler, isEnabled: true, tlsPolicy: .optional,
                recipients: [.address(localPart: handler, domain: "ours.example")],
                actions: [
                    .invoke(
                        handler: handler, type: .requestResponse, topic: nil, onFailure: .hold)
                ], isScanEnabled: false)
        }
        let acting = try await Acting([rule("remote"), rule("script")], endpoints: ["remote": 2])
        acting.invoker.answer("remote", ScriptedInvoker.says("CONTINUE"))
        acting.invoker.answer("script", ScriptedInvoker.says("CONTINUE"))
        let endpoints = Endpoints()
        let dead = try WebURL(parsing: "https://dead.example/")
        acting.invoker.whenCalled.withLock {
            $0 = { invocation in
                guard invocation.handler == "remote" else { return }
                _ = await endpoints.post(
                    WebhookRequest(headers: [], body: []), to: dead, seconds: 10)
            }
        }
        try await acting.run { acting in
            var waiting: [MailID] = []
            for _ in 1...20 {
                waiting.append(try await acting.receive(to: ["remote@ours.example"]))
            }
            while endpoints.seen("dead.example") < 2 { await Task.yield() }
            let mail = try await acting.receive(to: ["script@ours.example"])
            await acting.ended.retirement(of: mail)
            #expect(endpoints.seen("dead.example") == 2)
            endpoints.open()
            for mail in waiting { await acting.ended.retirement(of: mail) }
            #expect(endpoints.seen("dead.example") == 20)
        }
    }

    /// It is tried by the schedule of all actions, but not before the endpoint wants it.
    @Test func waitsAsLongAsTheEndpointSays() async throws {
        let endpoints = Endpoints()
        endpoints.answer(.answered(status: 503, retryAfter: "600"))
        try await Self.acting(endpoints).run { acting in
            let start = acting.receiving.time.now()
            let mail = try await acting.receive(to: ["live@ours.example"])
            await acting.ended.tries(2)
            while try await acting.journal(mail) != ["live/0:done", "live/1:retrying"] {
                await Task.yield()
            }
            let record = try await acting.receiving.store.actions(of: mail).last
            #expect(record?.nextAttemptAt == start.advanced(bySeconds: 600))
            try await acting.pass(seconds: 610, until: mail, is: .retired)
            #expect(try await acting.journal(mail) == ["live/0:done", "live/1:done"])
            #expect(endpoints.seen("live.example") == 2)
        }
    }
}
