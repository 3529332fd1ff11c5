import Actions
import Foundation
import MailFlow
import MailModel
import NIOCore
import ObjectStorage
import RuleEngine
import SQLStorage
import ServiceLifecycleTestKit
import Storage
import Synchronization
import TestSupport
import Topics

/// The runner over a real store and real buckets, with handlers, time and waiting in a test's
/// hands.
final class Acting: Sendable {
    let receiving: Receiving
    let invoker = ScriptedInvoker()
    let objects: FailingObjectStore
    let pause = ManualPause()
    let ended = EndedActions()
    let bucket: String

    private let judge: (any MailJudge)?
    private let webhooks: Webhooks?
    private let farBuckets: [String: Int]

    /// `farBuckets`: those that have a room of their own, with its places.
    init(
        _ rules: [ReceiptRule], topics: [String: [Subscriber]] = [:],
        judge: (any MailJudge)? = nil, sends: Bool = false, webhooks: Webhooks? = nil,
        farBuckets: [String: Int] = [:], isPerRecipient: Bool = false
    ) async throws {
        self.webhooks = webhooks
        self.farBuckets = farBuckets
        self.judge = judge
        receiving = try await Receiving(
            rules: ReceiptRuleSet(name: "test", rules: rules, isPerRecipient: isPerRecipient),
            sends: sends)
        let folder = receiving.folder
        bucket = "\(folder)/mail"
        var buckets = ["mail": bucket]
        for name in farBuckets.keys { buckets[name] = "\(folder)/\(name)" }
        objects = FailingObjectStore(
            try DirectoryObjectStore(
                buckets: buckets, temporaryFolder: "\(receiving.folder)/objects",
                onSyncFailure: { _ in }))
        directory = TopicDirectory(topics)
    }

    let directory: TopicDirectory

    func runner(_ retries: RetrySchedule = RetrySchedule()) -> ActionRunner {
        var actions = ReceiptActions(
            objects: objects, invoker: invoker, topics: directory, bodies: receiving.bodies,
            time: receiving.time, random: CountingRandom())
        actions.webhooks = webhooks
        return ActionRunner(
            queue: receiving.queue, rules: receiving.rules, store: receiving.store,
            bodies: receiving.bodies, judge: judge, feedback: feedback,
            actions: actions, retries: retries, time: receiving.time, random: CountingRandom(),
            pause: pause,
            log: ended, onDeliveries: {}, buckets: farBuckets)
    }

    /// Runs the runner while `body` does.
    func run(
        _ retries: RetrySchedule = RetrySchedule(),
        _ body: @Sendable @escaping (Acting) async throws -> Void
    ) async throws {
        try await testGracefulShutdown { trigger in
            let runner = runner(retries)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runner.run() }
                do {
                    try await body(self)
                } catch {
                    trigger.triggerGracefulShutdown()
                    self.pause.end()
                    throw error
                }
                trigger.triggerGracefulShutdown()
                self.pause.end()
                try await group.waitForAll()
            }
        }
    }

    /// Brings the clock forward, and the runner to look for what is due until `mail` is in `state`.
    func pass(seconds: Int64, until mail: MailID, is state: MailRecord.State) async throws {
        receiving.time.advance(seconds: seconds)
        while try await receiving.store.mail(mail)?.state != state {
            pause.tick()
            await Task.yield()
        }
    }

    /// A new mail: its id.
    func receive(
        _ text: String = "Subject: x\r\n\r\nbody\r\n",
        to recipients: [String] = ["ada@ours.example"]
    ) async throws -> MailID {
        guard case .accepted(let id) = try await receiving.receive(text, to: recipients) else {
            throw Refused()
        }
        return id
    }

    struct Refused: Error {}

    /// `rule/place:state` of each of the mail's actions, in the order of their first try; behind
    /// `ada ` where it is hers alone.
    func journal(_ mail: MailID) async throws -> [String] {
        try await receiving.store.actions(of: mail).map {
            ($0.key.recipient.map { "\($0.localPart) " } ?? "")
                + "\($0.key.rule)/\($0.key.place):\($0.state)"
        }
    }

    var storedFiles: [String] {
        (FileManager.default.subpaths(atPath: bucket) ?? []).filter { $0.utf8.count >= 40 }.sorted()
    }
}

/// Says when actions and mails ended.
final class EndedActions: ActionLog {
    private struct State {
        var actions = 0
        var retired: Set<MailID> = []
        var postponed: [(reason: String, isNews: Bool)] = []
        var waiters:
            [(isMet: @Sendable (Int, Set<MailID>) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func ended(_ record: ActionRecord) { change { $0.actions += 1 } }
    func retired(_ mail: MailID) { change { $0.retired.insert(mail) } }
    func journalFailed(_ mails: [MailID], _ failure: StorageFailure) {}
    func judged(_ mail: MailID, _ verdicts: VerdictRecord) {}
    func judgementPostponed(_ mail: MailID, _ reason: String, isNews: Bool) {
        change { $0.postponed.append((reason, isNews)) }
    }
    var postponed: [(reason: String, isNews: Bool)] { state.withLock { $0.postponed } }

    private func change(_ body: (inout State) -> Void) {
        let met = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            body(&state)
            let met = state.waiters.filter { $0.isMet(state.actions, state.retired) }.map(\.1)
            state.waiters.removeAll { $0.isMet(state.actions, state.retired) }
            return met
        }
        for waiter in met { waiter.resume() }
    }

    private func wait(_ isMet: @escaping @Sendable (Int, Set<MailID>) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetNow = state.withLock { state -> Bool in
                if isMet(state.actions, state.retired) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetNow { continuation.resume() }
        }
    }

    /// Returns once `count` tries have ended, in all.
    func tries(_ count: Int) async { await wait { actions, _ in actions >= count } }
    func retirement(of mail: MailID) async { await wait { _, retired in retired.contains(mail) } }
}

/// Handlers that answer what a test says, in turn; the last answer stays.
final class ScriptedInvoker: FunctionInvoker {
    let answers = Mutex<[String: [FunctionOutcome]]>([:])
    let calls = Mutex<[FunctionInvocation]>([])
    /// Done within a call, before it answers.
    let whenCalled = Mutex<(@Sendable (FunctionInvocation) async -> Void)?>(nil)

    func answer(_ handler: String, _ outcomes: FunctionOutcome...) {
        answers.withLock { $0[handler] = outcomes }
    }

    func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        calls.withLock { $0.append(invocation) }
        await whenCalled.withLock { $0 }?(invocation)
        return answers.withLock { answers in
            guard var left = answers[invocation.handler], let first = left.first else {
                return .noSuchHandler
            }
            if left.count > 1 { left.removeFirst() }
            answers[invocation.handler] = left
            return first
        }
    }

    static func says(_ disposition: String) -> FunctionOutcome {
        .answered(output: Array("{\"disposition\": \"\(disposition)\"}".utf8))
    }
}

/// Buckets that refuse while a test says so.
final class FailingObjectStore: ObjectStore {
    let isFailing = Mutex(false)
    /// Done within a call, before it stores.
    let whenPut = Mutex<(@Sendable ([ObjectToPut]) async -> Void)?>(nil)
    private let store: DirectoryObjectStore

    init(_ store: DirectoryObjectStore) {
        self.store = store
    }

    func put(_ objects: [ObjectToPut]) async -> [Result<Void, ObjectStoreFailure>] {
        guard !isFailing.withLock({ $0 }) else {
            return objects.map { _ in .failure(.failed("on purpose")) }
        }
        await whenPut.withLock { $0 }?(objects)
        return await store.put(objects)
    }
}

/// Short waits are over at once, long ones when the test ticks.
final class ManualPause: Pause {
    private struct State {
        var sleepers: [CheckedContinuation<Void, Never>] = []
        var isTicked = false
        var isOver = false
    }

    private let state = Mutex(State())

    func forMilliseconds(_ milliseconds: Int64) async {
        guard milliseconds >= 1_000 else { return }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if state.isOver { return true }
                if state.isTicked {
                    state.isTicked = false
                    return true
                }
                state.sleepers.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    /// Ends one wait: one that is under way, or the next.
    func tick() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.sleepers.isEmpty else {
                state.isTicked = true
                return nil
            }
            return state.sleepers.removeFirst()
        }?.resume()
    }

    func end() {
        let sleepers = state.withLock { state in
            state.isOver = true
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.resume() }
    }
}

/// Judges by what the mail says of itself, and only when it is let.
final class ScriptedJudge: MailJudge {
    private struct State {
        var judged: [MailID] = []
        var scanned: [Bool] = []
        var isClosed = false
        var hangs = false
        var absent: String?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// From now on no judgement ends but by its task's end.
    func hangUntilCancelled() { state.withLock { $0.hangs = true } }

    /// What mails wait for from now on, with what was known before.
    func wait(for reason: String?) { state.withLock { $0.absent = reason } }

    /// In the order in which they began.
    var judged: [MailID] { state.withLock { $0.judged } }

    /// Whether lists and scanners were to be asked of them.
    var scanned: [Bool] { state.withLock { $0.scanned } }

    /// Mails whose text has `slow` in it wait from now on, until `open`.
    func close() { state.withLock { $0.isClosed = true } }

    func open() {
        let waiting = state.withLock { state in
            defer { (state.isClosed, state.waiting) = (false, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func origin(of mail: MailRecord, _ content: MailContent) async -> VerdictRecord? { nil }

    func judge(
        _ mail: MailRecord, _ content: MailContent, isScanned: Bool
    ) async -> Judgement {
        state.withLock { $0.scanned.append(isScanned) }
        if state.withLock({ $0.hangs }) {
            state.withLock { $0.judged.append(mail.id) }
            let (never, _) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            return .verdicts(VerdictRecord())
        }
        var text = ""
        if case .bytes(let bytes) = content { text = String(buffer: bytes) }
        let isSlow = text.contains("slow")
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                state.judged.append(mail.id)
                guard isSlow, state.isClosed else { return true }
                state.waiting.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
        var verdicts = mail.verdicts ?? VerdictRecord()
        verdicts.spf = VerdictRecord.Finding(.pass, result: "pass", reason: "said so")
        verdicts.headerFields = "Received-SPF: pass\r\n"
        if let absent = state.withLock({ $0.absent }) {
            verdicts.extent = .authentication
            return .later(verdicts, because: absent)
        }
        verdicts.extent = .everything
        return .verdicts(verdicts)
    }
}
