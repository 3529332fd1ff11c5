import Actions
import MailFlow
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// Handlers that are asked before the 250.
@Suite(.timeLimit(.minutes(1))) struct SessionHandlersTests {
    /// Answers what its test says, and remembers who was asked for what.
    private final class Asked: SessionHandlerLog {
        let outcome: FunctionOutcome?
        let tasks = Mutex<[ActionTask]>([])
        let complaints = Mutex<[String]>([])
        let pause = ManualPause()
        private let told = AsyncStream.makeStream(of: Void.self)

        /// `outcome`: nil where it never comes.
        init(_ outcome: FunctionOutcome?) {
            self.outcome = outcome
        }

        func notAnswered(
            _ mail: MailID, rule: String, _ question: SessionQuestion, because reason: String
        ) {
            complaints.withLock { $0.append(reason) }
            told.continuation.yield()
        }

        func ask(
            _ task: ActionTask, sessionWaits: @escaping @Sendable () -> Bool
        ) async -> FunctionOutcome {
            tasks.withLock { $0.append(task) }
            if let outcome { return outcome }
            #expect(sessionWaits())
            // Its time passes while it has not answered.
            pause.tick()
            for await _ in told.stream { break }
            #expect(!sessionWaits())
            return .answered(output: Array(#"{"disposition": "REJECT"}"#.utf8))
        }
    }

    private static func receiving(
        _ onFailure: SessionQuestion.Failure, _ handlers: SessionHandlers
    ) async throws -> Receiving {
        let rules = """
            ruleSet: s
            rules:
              - name: ask
                actions:
                  - reject: {handler: h, onFailure: \(onFailure.rawValue), text: "Not ${subject}"}
              - name: all
                actions: []
            """
        return try await Receiving(
            rules: try RuleDocument.read(rules, file: "s", catalogue: .unchecked),
            handlers: handlers)
    }

    private static func receive(
        _ asked: Asked, onFailure: SessionQuestion.Failure = .accept
    ) async throws -> IntakeOutcome {
        let receiving = try await receiving(
            onFailure,
            SessionHandlers(
                ask: asked.ask, time: ManualTime(), pause: asked.pause, log: asked))
        defer { asked.pause.end() }
        let outcome = try await receiving.receive("Subject: Ham\r\n\r\n")
        #expect(asked.tasks.withLock { $0.count } == 1)
        if case .refused = outcome { #expect(receiving.queue.take(1).isEmpty) }
        return outcome
    }

    private static func refusal(
        _ code: Int, _ status: EnhancedStatus, _ text: String
    ) -> IntakeOutcome {
        .refused(.byRule("ask", code: code, status: status, text: text))
    }

    private static let own = EnhancedStatus(class: 5, subject: 7, detail: 1)

    static let refusals: [(String, IntakeOutcome)] = [
        (#"{"disposition": "reject"}"#, refusal(550, own, "Not Ham")),
        (
            #"{"disposition": "REJECT", "code": 554, "status": "5.7.9", "text": "Spam"}"#,
            refusal(554, EnhancedStatus(class: 5, subject: 7, detail: 9), "Spam")
        ),
        (
            #"{"disposition": "REJECT", "code": 450}"#,
            refusal(450, EnhancedStatus(class: 4, subject: 7, detail: 1), "Not Ham")
        ),
        // What cannot be said is not.
        (
            #"{"disposition": "REJECT", "code": 421, "status": "4.7.0", "text": ""}"#,
            refusal(550, own, "Not Ham")
        ),
        (#"{"disposition": "REJECT", "code": "554", "text": 7}"#, refusal(550, own, "Not Ham")),
    ]

    @Test(arguments: refusals)
    func refusesWhatTheHandlerRefuses(_ answer: String, _ outcome: IntakeOutcome) async throws {
        let asked = Asked(.answered(output: Array(answer.utf8)))
        #expect(try await Self.receive(asked) == outcome)
        let task = try #require(asked.tasks.withLock { $0.first })
        #expect(task.key == ActionKey(rule: "ask", position: 0))
        #expect(task.recipients == task.mail.envelope.recipients)
    }

    @Test(arguments: [
        "", "nonsense", "[]", #"{"disposition": "CONTINUE"}"#, #"{"code": 550}"#,
        #"{"actions": ["stop"]}"#,
    ])
    func takesWhatItSaysNothingAgainst(_ answer: String) async throws {
        let asked = Asked(.answered(output: Array(answer.utf8)))
        guard case .accepted = try await Self.receive(asked, onFailure: .defer) else {
            Issue.record("it is refused")
            return
        }
        #expect(asked.complaints.withLock { $0 } == [])
    }

    static let failures: [(FunctionOutcome?, String)] = [
        (.failed(detail: "exit status 3"), "exit status 3"),
        (.noSuchHandler, "there is no such handler"),
        (nil, "no answer within 10 s (timeoutSeconds)"),
    ]

    /// As the rule says; the operator hears of it.
    @Test(arguments: failures)
    func aFailureIsWhatTheRuleSays(_ outcome: FunctionOutcome?, _ reason: String) async throws {
        let deferred = Asked(outcome)
        #expect(
            try await Self.receive(deferred, onFailure: .defer)
                == Self.refusal(
                    451, EnhancedStatus(class: 4, subject: 3, detail: 0),
                    "The mail cannot be looked at now, try again later"))
        #expect(deferred.complaints.withLock { $0 } == [reason])
        let accepted = Asked(outcome)
        guard case .accepted = try await Self.receive(accepted) else {
            Issue.record("it is refused")
            return
        }
        #expect(accepted.complaints.withLock { $0 } == [reason])
    }

    /// Four handlers that take 50 s each: the third is waited for as long as there is time, and the
    /// fourth is not asked.
    @Test func aMailsHandlersShareItsTime() async throws {
        let asked = Asked(.answered(output: []))
        let time = ManualTime()
        let ask = (1...4).map { number in
            "  - name: r\(number)\n    actions: [reject: {handler: h, onFailure: accept, timeoutSeconds: 60}]"
        }
        let rules = "ruleSet: s\nrules:\n\(ask.joined(separator: "\n"))"
        let receiving = try await Receiving(
            rules: try RuleDocument.read(rules, file: "s", catalogue: .unchecked),
            handlers: SessionHandlers(
                ask: { task, sessionWaits in
                    time.advance(seconds: 50)
                    guard task.key.rule == "r3" else {
                        return await asked.ask(task, sessionWaits: sessionWaits)
                    }
                    asked.pause.tick()
                    while sessionWaits() { await Task.yield() }
                    return .answered(output: Array(#"{"disposition": "REJECT"}"#.utf8))
                }, time: time, pause: asked.pause, log: asked))
        defer { asked.pause.end() }
        guard case .accepted = try await receiving.receive("Subject: Ham\r\n\r\n") else {
            Issue.record("it is refused")
            return
        }
        #expect(asked.tasks.withLock { $0.map(\.key.rule) } == ["r1", "r2"])
        let spent = "the handlers of this mail have had their 120 s together"
        #expect(asked.complaints.withLock { $0 } == [spent, spent])
    }

    /// So many are asked at once, and nobody about one more.
    @Test func aCrowdIsBounded() async throws {
        let asked = Asked(.answered(output: []))
        let (started, isStarted) = AsyncStream.makeStream(of: Void.self)
        let gate = ManualPause()
        let handlers = SessionHandlers(
            ask: {
                isStarted.yield()
                await gate.forMilliseconds(1_000)
                return await asked.ask($0, sessionWaits: $1)
            }, time: ManualTime(), pause: asked.pause, log: asked)
        let receiving = try await Self.receiving(.defer, handlers)
        await withTaskGroup(of: IntakeOutcome?.self) { group in
            for _ in 0..<SessionHandlers.askedMax {
                group.addTask { try? await receiving.receive("Subject: Ham\r\n\r\n") }
            }
            var starts = started.makeAsyncIterator()
            for _ in 0..<SessionHandlers.askedMax { await starts.next() }
            let outcome = try? await receiving.receive("Subject: Ham\r\n\r\n")
            guard case .refused(.byRule("ask", code: 451, _, _)) = outcome else {
                Issue.record("\(String(describing: outcome))")
                return gate.end()
            }
            #expect(
                asked.complaints.withLock { $0 } == ["too many handlers are asked at once"])
            gate.end()
            for await outcome in group {
                guard case .accepted = outcome else {
                    Issue.record("refused")
                    continue
                }
            }
        }
        asked.pause.end()
    }
}
