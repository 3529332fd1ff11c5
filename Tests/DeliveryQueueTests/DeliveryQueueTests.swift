import DeliveryQueue
import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct DeliveryQueueTests {
    @Test(arguments: [true, false])
    func bringsEachRecipientItsMail(isOffered: Bool) async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example", "b@one.example", "c@two.example"], isOffered: isOffered)
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(
            Set(depot.courier.recipients) == ["a@one.example", "b@one.example", "c@two.example"])
        #expect(depot.courier.calls.count == 3)
        #expect(depot.courier.calls.allSatisfy { $0.content == "Subject: x\r\n\r\nbody\r\n" })
        let recipients = try await depot.recipients(of: mail)
        #expect(recipients.allSatisfy { $0.state == .delivered && $0.attempts == 1 })
        #expect(recipients.allSatisfy { $0.detail == "250 2.0.0 Ok" })
    }

    /// What tells the sender goes with the mail it is about: durable with it, and on its way.
    @Test(arguments: [true, false])
    func reportsGoOnTheirWay(isOffered: Bool) async throws {
        let depot = try Depot()
        let report = try depot.sending(to: ["sender@one.example"])
        let mail = try await depot.send(
            to: ["a@two.example"], isOffered: isOffered, reports: [report])
        try await depot.run { depot in
            for id in [mail.id, report.mail.id] {
                try await depot.until { try await depot.store.sentMail(id)?.state == .ended }
            }
        }
        #expect(Set(depot.courier.recipients) == ["a@two.example", "sender@one.example"])
    }

    /// Who is sent to no more gets no report either, whether a try or an operator ended the mail;
    /// not where the same commit lists them, which a mail to oneself brings about.
    @Test(arguments: [true, false], [true, false])
    func aReportIsNotTriedWhereAListHasWhoGetsIt(isListed: Bool, isSentBack: Bool) async throws {
        let depot = try Depot()
        let report = try depot.sending(to: ["sender@one.example"])
        let listed = SuppressionRecord(
            scope: .account(.main), address: "sender@one.example", reason: .bounce,
            changedAt: depot.time.now())
        depot.office.following.withLock {
            $0["a@two.example"] = Consequences(
                suppressions: isListed ? [listed] : [], reports: [report])
        }
        depot.courier.answers.withLock { $0["a@two.example"] = ScriptedCourier.refused }
        let mail = try await depot.send(to: ["a@two.example"], isOffered: !isSentBack)
        if isSentBack {
            var filter = SendingFilter()
            filter.mail = mail.id
            #expect(try await depot.queue.apply(.bounce, to: filter).count == 1)
        }
        try await depot.run { depot in
            try await depot.until {
                try await depot.store.sentMail(report.mail.id)?.state == .ended
            }
        }
        #expect(depot.courier.recipients.contains("sender@one.example") != isListed)
        #expect(
            try await depot.recipients(of: report.mail).map(\.state)
                == [isListed ? .suppressed : .delivered])
    }

    @Test func aNoIsTheEnd() async throws {
        let depot = try Depot()
        depot.courier.answers.withLock { $0 = ["b@one.example": ScriptedCourier.refused] }
        let mail = try await depot.send(to: ["a@one.example", "b@one.example"])
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        let recipients = try await depot.recipients(of: mail)
        #expect(recipients.map(\.state) == [.delivered, .bounced])
        #expect(recipients.map(\.detail) == ["250 2.0.0 Ok", "no such user"])
    }

    /// More than memory has room for waits in the store, and comes in its turn.
    @Test func whatFindsNoRoomIsFetched() async throws {
        let depot = try Depot(
            limits: DeliveryLimits(
                triesMax: 4, destinationsMax: 3, waitingMax: 2, bytesMax: 34, fetchMax: 2,
                paces: DeliveryPaces(standard: DeliveryPace(widthMax: 4))))
        for number in 0..<60 {
            try await depot.send(to: ["a\(number)@d\(number % 7).example"])
        }
        try await depot.run { depot in
            try await depot.until { try await depot.store.sendingCounts().queued == 0 }
        }
        #expect(depot.courier.calls.count == 60)
        #expect(Set(depot.courier.recipients).count == 60)
    }

    /// Whether the mail waits in the store or in memory.
    @Test(arguments: [SuppressionRecord.Scope.global, .account(.main)], [false, true])
    func whoWasSuppressedMeanwhileIsNotTried(
        scope: SuppressionRecord.Scope, isOffered: Bool
    ) async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: isOffered)
        try await depot.store.put([
            SuppressionRecord(
                scope: scope, address: "a@one.example", reason: .bounce,
                changedAt: depot.time.now())
        ])
        depot.time.advance(seconds: 5)
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(depot.courier.calls.isEmpty)
        #expect(try await depot.recipients(of: mail).map(\.state) == [.suppressed])
    }

    /// The list was asked before the mail was looked into and written, which may take its time.
    @Test func whoWasSuppressedWhileTheMailWasTakenIsNotTried() async throws {
        let depot = try Depot()
        let sending = try depot.sending(to: ["a@one.example"])
        depot.time.advance(seconds: 5)
        try await depot.store.put([
            SuppressionRecord(
                scope: .account(.main), address: "a@one.example", reason: .complaint,
                changedAt: depot.time.now())
        ])
        _ = try await withCheckedThrowingContinuation { continuation in
            depot.store.accept(sending) { continuation.resume(with: $0) }
        }
        depot.queue.offer(sending)
        try await depot.run { depot in
            try await depot.until {
                try await depot.store.sentMail(sending.mail.id)?.state == .ended
            }
        }
        #expect(depot.courier.calls.isEmpty)
        #expect(try await depot.recipients(of: sending.mail).map(\.state) == [.suppressed])
    }

    /// Decision 0042: it was accepted for who is listed.
    @Test(arguments: [false, true])
    func whatIsHandedOnIsTriedWhateverAListSays(isOffered: Bool) async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: isOffered) {
            $0.mail.facts.operation = SendingFacts.relayOperation
        }
        try await depot.store.put([
            SuppressionRecord(
                scope: .account(.main), address: "a@one.example", reason: .bounce,
                changedAt: depot.time.now())
        ])
        depot.time.advance(seconds: 5)
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(try await depot.recipients(of: mail).map(\.state) == [.delivered])
    }

    @Test func theEndOfItsTimeIsABounce() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [86_400]))
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(.mail)]
        }
        let mail = try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.attempts == 1 }
            depot.time.advance(seconds: 259_200)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        let recipient = try #require(try await depot.recipients(of: mail).first)
        #expect(recipient.state == .bounced)
        #expect(recipient.detail == "later")
        #expect(depot.log.lines.withLock { $0.last } == "expired a@one.example")
    }

    /// D5: whoever sets the clock forward by days, and back, loses no mail by it.
    @Test(arguments: [DeliveryProblem.Subject.mail, .destination])
    func aClockThatWasSetEndsNoMail(_ subject: DeliveryProblem.Subject) async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(subject)]
        }
        let mail = try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            func tried(_ count: Int) async throws {
                try await depot.until {
                    depot.courier.calls.count == count && depot.queue.atWork == 0
                }
            }
            try await tried(1)
            depot.clockWasSet.isUp.withLock { $0 = true }
            depot.time.advance(seconds: 345_600)
            try await tried(2)
            depot.time.advance(seconds: 1_200)
            try await tried(3)
            #expect(try await depot.recipients(of: mail).first?.state == .queued)
            depot.clockWasSet.isUp.withLock { $0 = false }
            depot.time.advance(seconds: 1_200)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(try await depot.recipients(of: mail).map(\.state) == [.bounced])
    }

    /// The end of the process: what was cut off was no try.
    @Test func theEndCutsTriesOff() async throws {
        let depot = try Depot()
        depot.courier.hangs.withLock { $0 = ["one.example"] }
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(.destination)]
        }
        let mail = try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork == 1 }
        }
        let recipient = try #require(try await depot.recipients(of: mail).first)
        #expect(recipient.state == .queued)
        #expect(recipient.attempts == 0)
        #expect(try await depot.store.nextDue() == depot.time.now())
    }

    /// What was answered at the last try is kept for its end, beside what the sender asked for.
    @Test func theLastAnswerIsKept() async throws {
        let status = EnhancedStatusCode(4, 2, 2)
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        depot.courier.answers.withLock {
            $0 = [
                "a@one.example": DeliveryAttempt(
                    .deferred(
                        DeliveryProblem(
                            .mail, status: status,
                            reply: RemoteReply(
                                code: 452, enhanced: status, lines: ["4.2.2 mailbox", "full"]),
                            detail: "mx refused RCPT")),
                    remote: IPAddress("192.0.2.9").map { RemoteHost(name: "mx", address: $0) })
            ]
        }
        let asked = DeliveryNotification(
            occasions: [.failure], returned: .full, envelopeID: "order-7")
        let mail = try await depot.send(to: ["a@one.example"], notification: asked)
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.attempts == 1 }
            let waiting = try #require(try await depot.recipients(of: mail).first)
            #expect(
                waiting.lastAnswer
                    == LastAnswer(
                        status: EnhancedStatus(class: 4, subject: 2, detail: 2), code: 452,
                        text: "4.2.2 mailbox full", host: "mx"))
            #expect(waiting.notification == asked)
            depot.courier.answers.withLock { $0 = [:] }
            depot.time.advance(seconds: 700)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        let sent = try #require(try await depot.recipients(of: mail).first)
        #expect(sent.lastAnswer == nil)
        #expect(sent.notification == asked)
    }
}
