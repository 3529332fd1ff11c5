import DeliveryQueue
import Foundation
import GRDB
import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import SQLiteDriver
import ServiceLifecycleTestKit
import Storage
import Synchronization
import TestSupport
import Testing

/// A queue over a real store, with next hops and time in a test's hands.
final class Depot: Sendable {
    let folder: String
    let store: SQLStore
    let time = ManualTime()
    let random = CountingRandom()
    let courier: ScriptedCourier
    let office = PlainOffice()
    let log = CollectedTries()
    let bodies = KeptBodies()
    /// Whether the clock was set a while ago.
    let clockWasSet = Flag()
    /// Whether the queue ended before it could write all.
    let leftUnwritten = Flag()
    let queue: DeliveryQueue

    init(limits: DeliveryLimits = DeliveryLimits(triesMax: 8), plan: RetryPlan = RetryPlan()) throws
    {
        folder = try ProjectFiles.temporaryFolder()
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: bodies,
            time: time, onSyncFailure: { _ in })
        courier = ScriptedCourier(time: time)
        queue = DeliveryQueue(
            limits: limits, store: store, bodies: bodies, courier: courier, office: office,
            routes: RouteTable(), plans: RetryPlans(standard: plan), time: time, random: random,
            pause: NoPause(), log: log, executor: nil,
            wasClockSet: { [clockWasSet] in clockWasSet.isUp.withLock { $0 } },
            onUnwritten: { [leftUnwritten] _ in leftUnwritten.isUp.withLock { $0 = true } },
            onDeliveries: {})
    }

    final class Flag: Sendable {
        let isUp = Mutex(false)
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Takes a mail for `addresses`; into the queue's memory, too, where `isOffered`.
    @discardableResult
    func send(
        to addresses: [String], isOffered: Bool = true, dueAt: Timestamp? = nil,
        notification: DeliveryNotification = DeliveryNotification(),
        inFile: Bool = false,
        reports: [AcceptedSending] = [], change: (inout AcceptedSending) -> Void = { _ in }
    ) async throws -> SentMailRecord {
        var sending = try sending(
            to: addresses, dueAt: dueAt, notification: notification, inFile: inFile)
        sending.reports = reports
        change(&sending)
        _ = try await withCheckedThrowingContinuation { [sending] continuation in
            store.accept(sending) { continuation.resume(with: $0) }
        }
        if isOffered { queue.offer(sending) }
        return sending.mail
    }

    /// A mail for `addresses` that is not stored yet.
    func sending(
        to addresses: [String], dueAt: Timestamp? = nil,
        notification: DeliveryNotification = DeliveryNotification(), inFile: Bool = false
    ) throws -> AcceptedSending {
        let now = time.now()
        let id = MessageID(at: now, random: SystemBytes())
        let head = ByteBuffer(string: "Subject: x\r\n\r\n")
        let body = ByteBuffer(string: "body\r\n")
        var checksum = Checksum()
        if !inFile { checksum.update(head) }
        checksum.update(body)
        let bodyID = MailID(at: now, random: SystemBytes())
        if inFile { bodies.files.withLock { $0[bodyID] = body } }
        let mail = SentMailRecord(
            id: id, bodyID: bodyID, account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: nil, caller: "test", identity: "ours.example"),
            sender: .null, returnDomain: Domain(validatedASCII: "ours.example"), head: head,
            bodyPlace: inFile ? .file : .row, bodyLength: body.readableBytes,
            checksum: checksum.value, is8Bit: false, isSMTPUTF8: false)
        let recipients = try addresses.enumerated().map { position, address in
            let mailbox = try #require(Mailbox(address))
            return SentRecipient(
                key: SentRecipient.Key(mail: id, position: position), address: mailbox,
                destination: RouteTable().destination(of: mailbox.domain), dueAt: dueAt ?? now,
                expiresAt: now.advanced(bySeconds: 259_200), notification: notification)
        }
        return AcceptedSending(
            mail: mail, recipients: recipients, body: inFile ? nil : body)
    }

    /// Changes a byte of the mail's body behind the store's back.
    func damage(_ mail: SentMailRecord) async throws {
        let connection = try DatabaseQueue(path: "\(folder)/martlet.sqlite")
        try await connection.write { database in
            try database.execute(
                sql: "UPDATE mail_body SET bytes = x'00' WHERE mail = ?",
                arguments: [mail.bodyID.text])
        }
        try connection.close()
    }

    /// From now on nothing can be written of what becomes of recipients.
    func refuseJournal() async throws {
        let connection = try DatabaseQueue(path: "\(folder)/martlet.sqlite")
        try await connection.write { database in
            try database.execute(
                sql: """
                    CREATE TRIGGER refusal BEFORE UPDATE ON sent_recipient
                    BEGIN SELECT RAISE(ABORT, 'no room'); END
                    """)
        }
        try connection.close()
    }

    func recipients(of mail: SentMailRecord) async throws -> [SentRecipient] {
        try await store.recipients(of: mail.id)
    }

    /// Until `condition` holds of what the store knows.
    func until(_ condition: @Sendable () async throws -> Bool) async throws {
        while try await !condition() { await Task.yield() }
    }

    /// Runs the queue while `body` does.
    func run(_ body: @Sendable @escaping (Depot) async throws -> Void) async throws {
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.queue.run() }
                defer { trigger.triggerGracefulShutdown() }
                try await body(self)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }
}

/// Body files in memory.
final class KeptBodies: UnscriptedBodies {
    let files = Mutex<[MailID: ByteBuffer]>([:])
    /// On a bad place of the disk.
    let unreadable = Mutex<Set<MailID>>([])

    func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        guard !unreadable.withLock({ $0.contains(mail) }) else { throw .refused("read \(mail)") }
        guard let file = files.withLock({ $0[mail] }) else { throw .notFound("open \(mail)") }
        let rest = max(0, file.readableBytes - start)
        return file.getSlice(at: min(start, file.readableBytes), length: min(length, rest))
            ?? ByteBuffer()
    }
    func syncDirectory() throws(StorageFailure) {}
    func remove(_ mails: [MailID]) {
        files.withLock { files in for mail in mails { files[mail] = nil } }
    }
}

/// Ids of a test differ whatever the clock says.
struct SystemBytes: RandomSource {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }
}

/// Waits are over at once.
struct NoPause: Pause {
    func forMilliseconds(_ milliseconds: Int64) async { await Task.yield() }
}

/// Nothing follows from anything but what a test says; what could have been returned is kept.
final class PlainOffice: DeliveryOffice {
    let returned = Mutex<[ByteBuffer?]>([])
    /// By the recipient's address.
    let following = Mutex<[String: Consequences]>([:])

    func returnPath(of recipient: QueuedRecipient) -> ReversePath { recipient.mail.sender }
    func consequences(
        of ending: TryEnding, for recipient: QueuedRecipient, returning body: ByteBuffer?
    ) -> Consequences {
        returned.withLock { $0.append(body) }
        let address = recipient.recipient.address.wireText
        return following.withLock { $0[address] } ?? Consequences()
    }
}

/// Next hops that answer as a test says, by the recipient's address.
final class ScriptedCourier: Courier {
    struct Call: Sendable {
        var recipient: String
        var content: String
        var at: Timestamp
    }

    private struct State {
        var calls: [Call] = []
        var atWork = 0
        var atWorkMax = 0
        var hanging: [CheckedContinuation<Void, Never>] = []
    }

    static let taken = DeliveryAttempt(
        .delivered(
            RemoteReply(code: 250, enhanced: EnhancedStatusCode(2, 0, 0), lines: ["2.0.0 Ok"])))

    let answers = Mutex<[String: DeliveryAttempt]>([:])
    /// Domains that do not answer until they are released, or the try is cut off.
    let hangs = Mutex<Set<String>>([])
    private let state = Mutex(State())
    private let time: ManualTime

    init(time: ManualTime) {
        self.time = time
    }

    func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt {
        let address = mail.recipient.wireText
        let domain = mail.recipient.domain.ascii
        let content = mail.content.reduce(into: "") { text, piece in
            if case .bytes(let bytes) = piece { text += String(buffer: bytes) }
        }
        state.withLock { state in
            state.calls.append(Call(recipient: address, content: content, at: time.now()))
            state.atWork += 1
            state.atWorkMax = max(state.atWorkMax, state.atWork)
        }
        defer { state.withLock { $0.atWork -= 1 } }
        while hangs.withLock({ $0.contains(domain) }), !Task.isCancelled { await Task.yield() }
        let answers = answers.withLock { $0 }
        return answers[address] ?? answers[domain] ?? Self.taken
    }

    var calls: [Call] { state.withLock { $0.calls } }
    var recipients: [String] { calls.map(\.recipient) }
    var atWork: Int { state.withLock { $0.atWork } }
    var atWorkMax: Int { state.withLock { $0.atWorkMax } }

    static func deferred(
        _ subject: DeliveryProblem.Subject, asksForLess: Bool = false
    ) -> DeliveryAttempt {
        DeliveryAttempt(
            .deferred(
                DeliveryProblem(
                    subject, status: EnhancedStatusCode(4, 2, 0), detail: "later",
                    asksForLess: asksForLess)))
    }

    static let refused = DeliveryAttempt(
        .failed(DeliveryProblem(.mail, status: EnhancedStatusCode(5, 1, 1), detail: "no such user"))
    )
}

final class CollectedTries: DeliveryLog {
    let lines = Mutex<[String]>([])

    func ended(_ ending: TryEnding, of recipient: QueuedRecipient) {
        let word =
            switch ending {
            case .delivered: "delivered"
            case .deferred: "deferred"
            case .failed: "failed"
            case .expired: "expired"
            case .returned: "returned"
            case .suppressed: "suppressed"
            }
        lines.withLock { $0.append("\(word) \(recipient.recipient.address.wireText)") }
    }
    func rests(_ destination: DestinationRecord) {
        lines.withLock { $0.append("rests \(destination.name) \(destination.failures)") }
    }
    func journalFailed(_ failure: StorageFailure) {
        lines.withLock { $0.append("journal \(failure)") }
    }
    func damaged(_ recipient: QueuedRecipient, _ failure: StorageFailure) {
        lines.withLock { $0.append("damaged \(recipient.recipient.address.wireText)") }
    }
}
