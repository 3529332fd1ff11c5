import Accounts
import Actions
import DNS
import Foundation
import LibCrypto
import MailFlow
import MailModel
import NIOCore
import RuleEngine
import SQLStorage
import SQLiteDriver
import Storage
import Synchronization
import TestSupport

/// A flow over a real store, with everything that blocks or fails in a test's hands.
final class Receiving: Sendable {
    let folder: String
    let store: SQLStore
    let identities: IdentityDirectory
    let rules: ActiveRules
    let flow: InboundFlow
    let queue = ActionQueue()
    let bodies = ScriptedBodies()
    let time = ManualTime()
    /// Of ids: no two are the same.
    let random = CountingRandom()
    let room = Room()
    let syncFailures: Counter
    /// Nil where nothing is sent.
    let returnPaths: ReturnPaths?
    let senders: SenderSetup?
    let sendingIdentities: SendingIdentities

    /// Makes the tokens of return paths.
    static var tokens: ReturnPathToken.Key { ReturnPathToken.Key(root) }
    private static var root: RootKey {
        guard let root = RootKey([UInt8](repeating: 7, count: RootKey.bytesCount)) else {
            preconditionFailure("a key of its length")
        }
        return root
    }

    private struct Unheard: SessionHandlerLog {
        func notAnswered(
            _ mail: MailID, rule: String, _ question: SessionQuestion, because reason: String
        ) {}
    }

    static var noHandlers: SessionHandlers {
        SessionHandlers(
            ask: { _, _ in .noSuchHandler }, time: ManualTime(), pause: ManualPause(),
            log: Unheard())
    }

    static let rule = ReceiptRule(
        name: "all", isEnabled: true, tlsPolicy: .optional, recipients: [], actions: [],
        isScanEnabled: false)

    init(
        rules ruleSet: ReceiptRuleSet = ReceiptRuleSet(name: "test", rules: [Receiving.rule]),
        identities names: [String] = ["ours.example"],
        threads: any BlockingThreads = InlineThreads(),
        resolver: (any DNSResolver)? = nil, judge: (any MailJudge)? = nil,
        handlers: SessionHandlers = Receiving.noHandlers, sends: Bool = false,
        change: (inout InboundSettings) -> Void = { _ in }
    ) async throws {
        folder = try ProjectFiles.temporaryFolder()
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: bodies,
            time: time, onSyncFailure: { _ in })
        identities = IdentityDirectory(store: store)
        for name in names {
            _ = try await identities.addTrusted(try IdentityName(parsing: name), at: time.now())
        }
        rules = ActiveRules(store: store)
        try await rules.activate(ruleSet, at: time.now())
        var settings = InboundSettings(
            hostname: "mx.ours.test", receiptKey: [UInt8](repeating: 7, count: 32))
        change(&settings)
        let maker = DKIMKeyMaker(
            rsa: LibCryptoRSA(), box: SecretBox(Self.root), time: time, random: CountingRandom())
        sendingIdentities = SendingIdentities(store: store, maker: maker)
        (returnPaths, senders) = sends ? Self.sending(sendingIdentities, maker, time) : (nil, nil)
        let failures = Counter()
        syncFailures = failures
        flow = InboundFlow(
            settings: settings, filters: AddressFilters([]),
            peers: resolver.map { [time] in PeerNames(resolver: $0, time: time) },
            identities: identities, returnPaths: returnPaths, rules: rules, store: store,
            bodies: bodies, threads: threads, room: room, queue: queue,
            judge: SessionJudge(
                judge, refusesFailedDMARC: judge != nil,
                facts: MailFactsReader(bodies: bodies, returnPaths: nil, guesser: nil),
                handlers: handlers),
            time: time,
            random: random, onFailure: { if $0.isSyncFailure { failures.add() } })
    }

    private static func sending(
        _ identities: SendingIdentities, _ maker: DKIMKeyMaker, _ time: ManualTime
    ) -> (ReturnPaths, SenderSetup) {
        (
            ReturnPaths(
                tokens: tokens, domains: [Domain(validatedASCII: "mx.ours.test")],
                identities: identities),
            SenderSetup(identities: identities, maker: maker, time: time)
        )
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func open(
        _ recipients: [String] = ["ada@ours.example"], declaredSize: Int? = nil,
        begunAt: Timestamp? = nil, change: (inout ReceivedEnvelope) -> Void = { _ in }
    ) -> Result<any MailIntake, Refusal> {
        var envelope = Self.envelope(recipients)
        change(&envelope)
        return flow.open(
            envelope, MailDetails(begunAt: begunAt ?? time.now(), declaredSize: declaredSize))
    }

    /// What RCPT is answered, behind those of `recipients`.
    func admit(
        _ path: ForwardPath, after recipients: [String] = [], isTLS: Bool = false,
        begunAt: Timestamp? = nil, change: (inout ReceivedEnvelope) -> Void = { _ in }
    ) -> RecipientAdmission {
        var envelope = Self.envelope(recipients)
        envelope.tls = isTLS ? "TLSv1.3" : nil
        change(&envelope)
        return flow.admit(recipient: path, of: envelope, begunAt: begunAt ?? time.now())
    }

    private static func envelope(_ recipients: [String]) -> ReceivedEnvelope {
        ReceivedEnvelope(
            mailFrom: .null, recipients: recipients.compactMap { Mailbox($0) },
            helo: "client.example", peerAddress: "192.0.2.1", tls: nil, isExtended: true,
            isSMTPUTF8: false, is8BitMIME: false)
    }

    /// Receives `text` whole.
    func receive(
        _ text: String, to recipients: [String] = ["ada@ours.example"], begunAt: Timestamp? = nil
    ) async throws -> IntakeOutcome {
        let intake = try open(recipients, begunAt: begunAt).get()
        _ = intake.append(ByteBuffer(string: text), onDrain: {})
        return await intake.finish()
    }
}

extension MailIntake {
    func finish() async -> IntakeOutcome {
        await withCheckedContinuation { continuation in
            finish { continuation.resume(returning: $0) }
        }
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
