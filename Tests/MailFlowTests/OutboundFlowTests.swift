import Accounts
import DeliveryQueue
import LibCrypto
import MailFlow
import MailModel
import NIOCore
import SQLStorage
import Storage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct OutboundFlowTests {
    /// Scheduled for the last day that may be, and then tried to the end of its time.
    @Test(arguments: [(72, 17), (720, 44)] as [(Int64, Int64)])
    func knowsHowLongAMailMayBeInFlight(_ giveUpAfterHours: Int64, _ days: Int64) {
        let plans = RetryPlans(byDestination: [
            "slow.example": RetryPlan(giveUpAfterSeconds: giveUpAfterHours * 3_600)
        ])
        #expect(OutboundFlow.inFlightSecondsMax(plans) == days * 86_400)
    }

    /// No topic is told, so a mail tells the sender of who is not tried: unless a list has them.
    @Test(arguments: [
        (["gone@far.example"], 1), (["gone@far.example", "Shop@ours.example"], 0),
        (["gone@far.example", "other@ours.example"], 1), ([], 0),
    ])
    func aSenderWhoIsOnAListGetsNoReport(_ listed: [String], _ reports: Int) async throws {
        let acting = try await Acting.sending()
        let store = acting.receiving.store
        try await store.put(
            listed.compactMap { Mailbox($0) }.map {
                SuppressionRecord(
                    scope: .account(.main), address: SuppressionRecord.address($0),
                    reason: .bounce, changedAt: acting.receiving.time.now())
            })
        let id = try await Self.submit(to: "gone@far.example", by: try Self.submission(acting))
        let recipients = try await store.recipients(of: id)
        #expect(recipients.map(\.state) == [listed.isEmpty ? .queued : .suppressed])
        #expect(try await acting.reports() == reports)
    }

    /// Whom reports go to. SES: ses.md E.5
    @Test(arguments: [
        ("", "Return-Path: <back@ours.example>\n", "back@ours.example"),
        ("", "Return-Path: <>\nSender: desk@ours.example\n", "desk@ours.example"),
        ("", "Return-Path: <back@ours.example>\nSender: desk@ours.example\n", "back@ours.example"),
        ("", "", "shop@ours.example"),
        ("news@ours.example", "Return-Path: <back@ours.example>\n", "news@ours.example"),
        ("<>", "Return-Path: <back@ours.example>\n", ""),
    ])
    func aReturnPathStandsForASenderThatIsMissing(
        _ sender: String, _ fields: String, _ expected: String
    ) async throws {
        let acting = try await Acting.sending()
        let mail = "\(fields)From: shop@ours.example\nSubject: Order\n\nThanks.\n"
        let intake = try Self.submission(acting).open(
            LocalMail(
                sender: sender.isEmpty ? nil : sender, recipients: ["you@far.example"],
                bytes: mail.utf8.count),
            of: LocalUser(id: 1_000, name: "ada"), domain: Acting.domain
        ).get()
        _ = intake.append(ByteBuffer(string: mail), onDrain: {})
        guard case .sent = await intake.finish() else {
            Issue.record("it was not taken")
            return
        }
        let sent = try await acting.receiving.store.list(SendingFilter())
        #expect(sent.map(\.mail.sender.wireText) == [expected])
        #expect(!String(buffer: try #require(sent.first).mail.head).contains("Return-Path"))
    }

    private struct NotTaken: Error {
        var outcome: IntakeOutcome
    }

    /// RFC 3848, RFC 6531 §4.3
    @Test(arguments: [
        (false, nil, "ESMTPA"), (false, "TLSv1.3", "ESMTPSA"), (true, nil, "UTF8SMTPA"),
        (true, "TLSv1.3", "UTF8SMTPSA"),
    ])
    func receivedSaysHowItCame(_ isSMTPUTF8: Bool, _ tls: String?, _ name: String) async throws {
        let acting = try await Acting.sending()
        _ = try await Self.submit(
            to: "you@far.example", by: try Self.submission(acting), tls: tls,
            isSMTPUTF8: isSMTPUTF8)
        let sent = try #require(try await acting.receiving.store.list(SendingFilter()).first)
        #expect(String(buffer: sent.mail.head).contains(" with \(name) "))
    }

    private static func submit(
        to recipient: String, by flow: SubmissionFlow, tls: String? = nil, isSMTPUTF8: Bool = false
    ) async throws -> MessageID {
        let envelope = ReceivedEnvelope(
            mailFrom: .mailbox(try #require(Mailbox("shop@ours.example"))),
            recipients: [try #require(Mailbox(recipient))], helo: "client.example",
            peerAddress: "192.0.2.1", tls: tls, isExtended: true,
            isSMTPUTF8: isSMTPUTF8, is8BitMIME: false)
        let intake = try flow.open(envelope, MailDetails(begunAt: Timestamp(milliseconds: 0))).get()
        let mail = "From: shop@ours.example\r\nSubject: Order\r\n\r\nThanks.\r\n"
        _ = intake.append(ByteBuffer(string: mail), onDrain: {})
        let outcome = await intake.finish()
        guard case .sent(let id) = outcome else { throw NotTaken(outcome: outcome) }
        return id
    }

    /// One that tells no topic.
    private static func submission(_ acting: Acting) throws -> SubmissionFlow {
        let receiving = acting.receiving
        let (time, random) = (receiving.time, receiving.random)
        let root = try #require(RootKey([UInt8](repeating: 7, count: RootKey.bytesCount)))
        let box = SecretBox(root)
        let senders = SendingIdentities(
            store: receiving.store,
            maker: DKIMKeyMaker(rsa: LibCryptoRSA(), box: box, time: time, random: random))
        let office = acting.office(eventsTopic: nil)
        let outbound = OutboundFlow(
            settings: SendingSettings(
                hostname: Acting.domain, region: "us-east-1", accountNumber: "000000000000",
                returnDomain: Acting.domain, messageIDDomain: Acting.domain),
            identities: receiving.identities, senders: senders, office: office,
            store: receiving.store, bodies: receiving.bodies, routes: RouteTable(),
            plans: RetryPlans(), virusScanner: nil, executor: nil, time: time, random: random,
            onFailure: { Issue.record("\($0)") }, onAccepted: { _ in })
        let credentials = Credentials(
            store: receiving.store, box: box, regions: ["us-east-1"], time: time, random: random)
        let logins = Logins(
            credentials: credentials, failuresPerMinuteMax: 20, filters: AddressFilters([]),
            time: time)
        return SubmissionFlow(
            logins: logins, outbound: outbound,
            settings: InboundSettings(
                hostname: "mx.ours.test", receiptKey: [UInt8](repeating: 7, count: 32)),
            bodies: receiving.bodies, threads: InlineThreads(), room: receiving.room, time: time,
            random: random, onFailure: { Issue.record("\($0)") })
    }
}
