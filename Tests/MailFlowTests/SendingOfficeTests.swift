import Accounts
import DeliveryQueue
import Foundation
import LibCrypto
import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import Storage
import TestSupport
import Testing

/// What follows from the end of a try.
@Suite(.timeLimit(.minutes(1))) struct SendingOfficeTests {
    private static let host = IPAddress("192.0.2.9").map {
        RemoteHost(name: "mx.far.example", address: $0)
    }

    private static func refused(
        _ code: Int, _ status: EnhancedStatusCode, _ words: String
    ) -> DeliveryProblem {
        let line = "\(status) \(words)"
        return DeliveryProblem(
            .mail, status: status,
            reply: RemoteReply(code: code, enhanced: status, lines: [line]),
            detail: "mx.far.example [192.0.2.9] refused RCPT: \(code) \(line)")
    }

    private static func failed(_ problem: DeliveryProblem) -> TryEnding {
        .failed(problem, DeliveryAttempt(.failed(problem), remote: host))
    }

    /// The text of a report.
    private static func text(_ report: AcceptedSending) -> String {
        String(buffer: report.mail.head) + String(buffer: report.body ?? ByteBuffer())
    }

    private static func lines(_ report: AcceptedSending) -> [String] {
        text(report).split(separator: "\r\n").map(String.init)
    }

    // MARK: Refusals

    /// The code says that it is over, the status that the address is not to blame for good.
    @Test(arguments: [
        (EnhancedStatusCode(4, 2, 2), "mailbox full", "Bounce Transient/MailboxFull", false),
        (EnhancedStatusCode(4, 1, 1), "user unknown", "Bounce Transient/General", false),
        (EnhancedStatusCode(4, 3, 0), "no", "Bounce Transient/General", false),
        (EnhancedStatusCode(5, 1, 1), "user unknown", "Bounce Permanent/General", true),
    ])
    func aStatusOfTheOtherClassIsNoHardBounce(
        _ status: EnhancedStatusCode, _ words: String, _ kind: String, isListed: Bool
    ) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let consequences = acting.office.consequences(
            of: Self.failed(Self.refused(550, status, words)), for: queued, returning: nil)
        #expect(consequences.suppressions.isEmpty != isListed)
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == [kind])
        let told = try #require(try await acting.bouncedRecipients().first)
        #expect(told["status"] as? String == "\(status)")
        #expect(told["diagnosticCode"] as? String == "smtp; 550 \(status) \(words)")
        let report = try #require(consequences.reports.first)
        let lines = Self.lines(report)
        #expect(lines.contains("Action: failed"))
        #expect(lines.contains("Status: \(status)"))
        #expect(lines.contains("Diagnostic-Code: smtp; 550 \(status) \(words)"))
    }

    /// Who submits with a null path wants no report, and is told by topic as others are.
    @Test func aMailWithANullPathIsToldAndCounts() async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(state: .queued)
        queued.mail.sender = .null
        let refused = Self.failed(Self.refused(550, EnhancedStatusCode(5, 1, 1), "user unknown"))
        let consequences = acting.office.consequences(of: refused, for: queued, returning: nil)
        #expect(consequences.suppressions.count == 1)
        #expect(consequences.reports.isEmpty)
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == ["Bounce Permanent/General"])
        queued.mail.facts.operation = SendingFacts.reportOperation
        let ours = acting.office.consequences(of: refused, for: queued, returning: nil)
        #expect(ours.deliveries.isEmpty && ours.suppressions.isEmpty)
    }

    /// What a rule hands on keeps its path, and says nothing about whom it is sent to.
    @Test func aMailThatIsHandedOnListsNobody() async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(state: .queued)
        queued.mail.sender = .mailbox(try #require(Mailbox("eve@sender.example")))
        #expect(acting.office.returnPath(of: queued) != queued.mail.sender)
        queued.mail.facts.operation = SendingFacts.relayOperation
        #expect(acting.office.returnPath(of: queued) == queued.mail.sender)
        let refused = Self.failed(Self.refused(550, EnhancedStatusCode(5, 1, 1), "user unknown"))
        let consequences = acting.office.consequences(of: refused, for: queued, returning: nil)
        #expect(consequences.suppressions.isEmpty)
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == ["Bounce Permanent/General"])
        let report = try #require(consequences.reports.first)
        #expect(report.recipients.map(\.address.wireText) == ["eve@sender.example"])
        // A path of nowhere stays one, and nobody is told.
        queued.mail.sender = .null
        #expect(acting.office.returnPath(of: queued) == .null)
        #expect(
            acting.office.consequences(of: refused, for: queued, returning: nil).reports.isEmpty)
    }

    // MARK: Delays

    /// Our own failures are told as ours, not as the recipient's server's.
    @Test(arguments: [
        (EnhancedStatusCode(4, 3, 5), nil, "InternalFailure"),
        (EnhancedStatusCode(4, 3, 0), nil, "InternalFailure"),
        (EnhancedStatusCode(4, 3, 0), "try again later", "RecipientServerError"),
        (EnhancedStatusCode(4, 4, 1), nil, "TransientCommunicationFailure"),
        (EnhancedStatusCode(4, 2, 2), "mailbox full", "MailboxFull"),
    ])
    func aDelaySaysWhoseFaultItIs(
        _ status: EnhancedStatusCode, _ answer: String?, _ type: String
    ) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let problem =
            answer.map { Self.refused(451, status, $0) }
            ?? DeliveryProblem(.mail, status: status, detail: "it went wrong")
        let consequences = acting.office.consequences(
            of: .deferred(
                problem, DeliveryAttempt(.deferred(problem)), next: queued.recipient.expiresAt),
            for: queued, returning: nil)
        try await acting.receiving.store.publish(consequences.deliveries)
        let told = try await acting.events().first?["deliveryDelay"] as? [String: Any]
        #expect(told?["delayType"] as? String == type)
    }

    /// Once, at the first try since four hours are over, to who asked for it.
    @Test(
        arguments: [
            (14_399, nil, 0), (14_400, nil, 1), (14_400, 14_399, 1), (14_400, 14_400, 0),
            (30_000, 7_000, 1), (30_000, 15_000, 0),
        ] as [(Int64, Int64?, Int)])
    func aDelayIsReportedOnce(_ after: Int64, _ last: Int64?, _ reports: Int) async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(
            state: .queued, notification: DeliveryNotification(occasions: [.delay]))
        queued.recipient.lastAttemptAt = last.map {
            queued.mail.acceptedAt.advanced(bySeconds: $0)
        }
        acting.receiving.time.advance(seconds: after)
        let problem = Self.refused(451, EnhancedStatusCode(4, 2, 2), "mailbox full")
        let ending = TryEnding.deferred(
            problem, DeliveryAttempt(.deferred(problem), remote: Self.host),
            next: queued.recipient.expiresAt)
        let office = acting.office
        func told(_ queued: QueuedRecipient) -> [AcceptedSending] {
            office.consequences(of: ending, for: queued, returning: nil).reports
        }
        #expect(told(queued).count == reports)
        if let report = told(queued).first {
            #expect(report.recipients.map(\.address.wireText) == ["shop@ours.example"])
            let lines = Self.lines(report)
            #expect(lines.contains("Action: delayed"))
            #expect(lines.contains("Status: 4.2.2"))
            #expect(
                lines.contains("Will-Retry-Until: \(queued.recipient.expiresAt.rfc5322Text)"))
        }
        var others = [queued, queued, queued]
        others[0].recipient.notification.occasions = nil
        others[1].recipient.notification.occasions = [.success, .failure]
        others[2].mail.sender = .null
        #expect(others.allSatisfy { told($0).isEmpty })
    }

    // MARK: The end of its time

    private static let full = LastAnswer(
        status: EnhancedStatus(class: 4, subject: 2, detail: 2), code: 452,
        text: "4.2.2 mailbox full", host: "mx.far.example")

    private static let unreachable = DeliveryProblem(
        .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no host answers")

    /// A mail whose time ends without another try is told with what was answered at the last.
    @Test func theEndOfItsTimeTellsTheLastAnswer() async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(state: .queued)
        queued.recipient.attempts = 3
        queued.recipient.lastAttemptAt = acting.receiving.time.now()
        queued.recipient.detail = "mx.far.example [192.0.2.9] refused RCPT: 452 4.2.2 mailbox full"
        queued.recipient.lastAnswer = Self.full
        let consequences = acting.office.consequences(
            of: .expired(Self.unreachable, nil), for: queued, returning: nil)
        #expect(consequences.suppressions.map(\.evidence) == ["452 4.2.2 mailbox full"])
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == ["Bounce Transient/MailboxFull"])
        let told = try #require(try await acting.bouncedRecipients().first)
        #expect(told["status"] as? String == "4.2.2")
        #expect(told["diagnosticCode"] as? String == "smtp; 452 4.2.2 mailbox full")
        let lines = Self.lines(try #require(consequences.reports.first))
        #expect(lines.contains("Status: 4.2.2"))
        #expect(lines.contains("Remote-MTA: dns; mx.far.example"))
        #expect(lines.contains("Diagnostic-Code: smtp; 452 4.2.2 mailbox full"))
    }

    /// Whom nobody ever asked has said nothing: the destination's silence is told, and lists nobody.
    @Test func theEndOfItsTimeWithoutAnAnswer() async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let consequences = acting.office.consequences(
            of: .expired(Self.unreachable, nil), for: queued, returning: nil)
        #expect(consequences.suppressions.isEmpty)
        let lines = Self.lines(try #require(consequences.reports.first))
        #expect(lines.contains("Status: 4.4.1"))
    }

    /// Failures of this server and its configuration list nobody: no recipient was asked.
    @Test func theEndOfItsTimeForReasonsOfOurs() async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(state: .queued)
        queued.recipient.attempts = 3
        queued.recipient.lastAttemptAt = acting.receiving.time.now()
        queued.recipient.detail = "there is no pool of sending addresses named news"
        queued.recipient.lastAnswer = LastAnswer(
            status: EnhancedStatus(class: 4, subject: 3, detail: 5))
        let problem = DeliveryProblem(
            .mail, status: EnhancedStatusCode(4, 3, 5), detail: "there is no pool")
        for ending in [
            TryEnding.expired(problem, nil), .expired(problem, DeliveryAttempt(.deferred(problem))),
        ] {
            let consequences = acting.office.consequences(
                of: ending, for: queued, returning: nil)
            #expect(consequences.suppressions.isEmpty)
            #expect(consequences.reports.count == 1)
        }
    }

    // MARK: Who is on a list

    private static func listed(
        _ queued: QueuedRecipient, _ scope: SuppressionRecord.Scope,
        _ reason: SuppressionRecord.Reason
    ) -> TryEnding {
        .suppressed(
            SuppressionRecord(
                scope: scope, address: SuppressionRecord.address(queued.recipient.address),
                reason: reason, changedAt: queued.mail.acceptedAt))
    }

    /// By a topic where there is one, else by mail, where the sender wants to be told.
    @Test(arguments: [
        (SuppressionRecord.Scope.account(.main), SuppressionRecord.Reason.bounce, "account's"),
        (.account(.main), .complaint, "account's"), (.global, .bounce, "global"),
    ])
    func theSenderHearsOfWhoIsNotTried(
        _ scope: SuppressionRecord.Scope, _ reason: SuppressionRecord.Reason, _ list: String
    ) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let ending = Self.listed(queued, scope, reason)
        let told = acting.office.consequences(of: ending, for: queued, returning: nil)
        #expect(told.deliveries.count == 1)
        #expect(told.reports.isEmpty)
        let untold = acting.office(eventsTopic: nil).consequences(
            of: ending, for: queued, returning: nil)
        #expect(untold.deliveries.isEmpty)
        #expect(untold.suppressions.isEmpty)
        let report = try #require(untold.reports.first)
        #expect(untold.reports.count == 1)
        #expect(report.mail.sender == .null)
        #expect(report.recipients.map(\.address.wireText) == ["shop@ours.example"])
        let lines = Self.lines(report)
        #expect(lines.contains("Final-Recipient: rfc822; gone@far.example"))
        #expect(lines.contains("Action: failed"))
        #expect(lines.contains("Status: 5.1.1"))
        #expect(Self.text(report).contains("the \(list) suppression list"))
        var never = queued
        never.recipient.notification.occasions = []
        #expect(
            acting.office(eventsTopic: nil).consequences(of: ending, for: never, returning: nil)
                .reports.isEmpty)
    }

    // MARK: What goes back

    /// RFC 3461 §4.3
    @Test(arguments: [true, false])
    func theMailGoesBackWhereItWasAskedFor(isWhole: Bool) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(state: .queued)
        let body = ByteBuffer(string: "Hello there.\r\n")
        let consequences = acting.office.consequences(
            of: Self.failed(Self.refused(550, EnhancedStatusCode(5, 1, 1), "user unknown")),
            for: queued, returning: isWhole ? body : nil)
        let text = Self.text(try #require(consequences.reports.first))
        #expect(text.contains("Subject: Order"))
        #expect(text.contains("Hello there.") == isWhole)
        #expect(
            text.contains(
                isWhole ? "Content-Type: message/rfc822" : "Content-Type: text/rfc822-headers"))
    }

    /// A bounce that comes later returns what is still kept for others.
    @Test func aMailThatIsKeptForOthersGoesBack() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let notification = DeliveryNotification(returned: .full)
            let body = ByteBuffer(string: "Hello there.\r\n")
            let queued = try await acting.send(notification: notification, body: body)
            let path = acting.returnPath(of: queued)
            let bounce = try ProjectFiles.text(ProjectFiles.fixture("feedback/bounce.eml"))
                .replacing("{{path}}", with: path).replacing("\n", with: "\r\n")
            let id = try await acting.receive(bounce, to: [path])
            await acting.ended.retirement(of: id)
            let report = try #require(
                try await acting.receiving.store.list(SendingFilter()).first {
                    $0.mail.sender == .null
                })
            let returned = try await acting.receiving.store.body(of: report.mail)
            #expect(String(buffer: returned).contains("Hello there."))
        }
    }

    /// With a key of the domain that they are from, or of the nearest above.
    @Test(arguments: [("mx.ours.example", true), ("ours.example", true), ("mx.ours.test", false)])
    func reportsAreSigned(_ domain: String, isSigned: Bool) async throws {
        let acting = try await Acting.sending()
        let receiving = acting.receiving
        let setup = try #require(receiving.senders)
        let key = try #require(await LibCryptoRSA().makePrivateKey(bits: 1_024))
        let pending = try await setup.bringKey(
            Data(key).base64EncodedString(), at: "mine",
            of: Domain(validatedASCII: "ours.example"))
        var active = pending
        active.keys[0].facts.state = .active
        active.dkim?.watch.status = .success
        #expect(try await receiving.store.replace(pending, with: active))
        try await receiving.sendingIdentities.reload()
        let office = acting.office(
            eventsTopic: nil, returnDomain: Domain(validatedASCII: domain))
        let consequences = office.consequences(
            of: Self.failed(Self.refused(550, EnhancedStatusCode(5, 1, 1), "user unknown")),
            for: try await acting.send(state: .queued), returning: nil)
        let report = try #require(consequences.reports.first)
        let head = String(buffer: report.mail.head)
        #expect(head.hasPrefix(isSigned ? "DKIM-Signature:" : "From:"))
        #expect(head.contains("d=ours.example") == isSigned)
        var checksum = Checksum()
        checksum.update(report.mail.head)
        checksum.update(try #require(report.body))
        #expect(report.mail.checksum == checksum.value)
    }

    // MARK: The mail

    @Test func theSendersMessageIDIsShown() async throws {
        let acting = try await Acting.sending()
        var queued = try await acting.send(state: .queued)
        queued.mail.head = ByteBuffer(string: "Message-ID: <ours@mx.ours.test>\r\n\r\n")
        queued.mail.facts.sendersMessageID = "<order-7@shop.example>"
        let consequences = acting.office.consequences(
            of: Self.failed(Self.refused(550, EnhancedStatusCode(5, 1, 1), "user unknown")),
            for: queued, returning: nil)
        try await acting.receiving.store.publish(consequences.deliveries)
        let mail = try #require(try await acting.events().first?["mail"] as? [String: Any])
        let headers = try #require(mail["headers"] as? [[String: String]])
        #expect(headers == [["name": "Message-ID", "value": "<order-7@shop.example>"]])
        let common = try #require(mail["commonHeaders"] as? [String: Any])
        #expect(common["messageId"] as? String == queued.mail.id.text)
    }
}
