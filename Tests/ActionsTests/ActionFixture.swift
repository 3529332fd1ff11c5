import Actions
import Foundation
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

/// Actions on a mail of a test's making, with everything around them scripted.
final class ActionFixture: Sendable {
    let objects = ScriptedObjects()
    let invoker = ScriptedInvoker()
    let bodies = HeldBodies()
    let actions: ReceiptActions

    /// Topics: `received` with two subscribers, `silent` with none.
    init(now: Timestamp = TestMail.receivedAt) {
        actions = ReceiptActions(
            objects: objects, invoker: invoker,
            topics: TopicDirectory([
                "received": [
                    Subscriber(name: "log", endpoint: .file(path: "/received.jsonl")),
                    Subscriber(name: "web", endpoint: .file(path: "/other.jsonl")),
                ], "silent": [],
            ]), bodies: bodies, time: ManualTime(now), random: CountingRandom())
    }

    /// What came of one action.
    func perform(_ task: ActionTask) async -> ActionResult {
        await actions.perform([task])[0]
    }

    func perform(_ action: ReceiptAction, on mail: TestMail = TestMail()) async -> ActionResult {
        await perform(mail.task(action))
    }

    /// The first message that `result` sends.
    static func message(_ result: ActionResult) throws -> [String: Any] {
        try JSONText.object(try #require(result.deliveries.first).message.message)
    }
}

/// A received mail: what its sender and the session say of it, and its bytes.
struct TestMail: Sendable {
    var from = "ada@sender.example"
    var to = ["support@demo.example"]
    var tls: String?
    /// Head and raw mail.
    var content = Array("Subject: hello\r\n\r\nbody\r\n".utf8)
    var isInFile = false
    var addedHeaders: [String] = []
    var removedHeaders: [String] = []
    var tags: [MailTag] = []
    var verdicts: VerdictRecord?
    /// Length of the header block in `content`.
    var headLength = 0
    var isScanEnabled = false
    var storedObjects: [String] = []
    /// Of the recipients, those that the rule matched; all where nil.
    var matched: [String]?

    static let receivedAt = Timestamp(milliseconds: 1_565_040_602_028)
    static let id = MailID(at: receivedAt, random: CountingRandom())

    init(_ text: String = "Subject: hello\r\n\r\nbody\r\n") {
        content = Array(text.utf8)
    }

    var record: MailRecord {
        let envelope = ReceivedEnvelope(
            mailFrom: Mailbox(from).map(ReversePath.mailbox) ?? .null,
            recipients: to.compactMap { Mailbox($0) }, helo: "mail.sender.example",
            peerAddress: "192.0.2.7", tls: tls, isExtended: true, isSMTPUTF8: false,
            is8BitMIME: false)
        return MailRecord(
            id: Self.id, account: .main,
            receivedAt: Self.receivedAt, state: .acting, envelope: envelope,
            ruleSetVersion: "version", isUntaken: false,
            bodyPlace: isInFile ? .file : .row, headLength: headLength, totalLength: content.count,
            checksum: 0, verdicts: verdicts)
    }

    func task(_ action: ReceiptAction, position: Int = 0) -> ActionTask {
        let content: MailContent =
            isInFile
            ? .file(path: "/bodies/\(Self.id)", length: content.count)
            : .bytes(ByteBuffer(bytes: content))
        return ActionTask(
            mail: record, key: ActionKey(rule: "rule", position: position), action: action,
            recipients: (matched ?? to).compactMap { Mailbox($0) }, addedHeaders: addedHeaders,
            removedHeaders: removedHeaders, tags: tags, isScanEnabled: isScanEnabled,
            storedObjects: storedObjects, content: content, attempt: 1)
    }
}

/// Takes every object, or what a test says.
final class ScriptedObjects: ObjectStore {
    private struct State {
        var calls: [[ObjectToPut]] = []
        var failures: [String: ObjectStoreFailure] = [:]
    }

    private let state = Mutex(State())

    var calls: [[ObjectToPut]] { state.withLock { $0.calls } }

    /// Refuses what is for `bucket` from now on.
    func fail(_ bucket: String, _ failure: ObjectStoreFailure) {
        state.withLock { $0.failures[bucket] = failure }
    }

    func put(_ objects: [ObjectToPut]) async -> [Result<Void, ObjectStoreFailure>] {
        state.withLock { state in
            state.calls.append(objects)
            return objects.map { object in
                state.failures[object.bucket].map { .failure($0) } ?? .success(())
            }
        }
    }

    /// All bytes of an object whose content is in memory.
    static func bytes(_ object: ObjectToPut) -> [UInt8] {
        var bytes = object.prefix.map { Array($0.readableBytesView) } ?? []
        if case .bytes(let content) = object.content { bytes += Array(content.readableBytesView) }
        return bytes
    }
}

/// Answers as a test says.
final class ScriptedInvoker: FunctionInvoker {
    private struct State {
        var invocations: [FunctionInvocation] = []
        var outcome = FunctionOutcome.answered(output: [])
    }

    private let state = Mutex(State())

    var invocations: [FunctionInvocation] { state.withLock { $0.invocations } }

    func answer(_ outcome: FunctionOutcome) {
        state.withLock { $0.outcome = outcome }
    }

    func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        state.withLock { state in
            state.invocations.append(invocation)
            return state.outcome
        }
    }
}

/// One mail's file in memory.
final class HeldBodies: UnscriptedBodies {
    private let file = Mutex<[UInt8]?>(nil)
    private let count = Mutex(0)

    var reads: Int { count.withLock { $0 } }

    func hold(_ bytes: [UInt8]) {
        file.withLock { $0 = bytes }
    }

    func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        count.withLock { $0 += 1 }
        guard let file = file.withLock({ $0 }) else { throw .damaged("unreadable") }
        return ByteBuffer(bytes: file.dropFirst(start).prefix(length))
    }
}

/// JSON as tests read it.
enum JSONText {
    struct NotAnObject: Error {}

    static func object(_ bytes: some Sequence<UInt8>) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(bytes))
        guard let object = value as? [String: Any] else { throw NotAnObject() }
        return object
    }

    static func object(_ text: String) throws -> [String: Any] { try object(text.utf8) }

    /// With a line for each value, keys in order.
    static func pretty(_ bytes: some Sequence<UInt8>) throws -> String {
        let data = try JSONSerialization.data(
            withJSONObject: try object(bytes),
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
