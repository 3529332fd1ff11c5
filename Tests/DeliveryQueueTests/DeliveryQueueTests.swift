import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

@testable import DeliveryQueue

@Suite(.timeLimit(.minutes(1))) struct DeliveryQueueTests {
    private static func limits(
        triesMax: Int = 200, widthStart: Int = 5, widthMax: Int,
        _ paces: [String: DeliveryPace] = [:]
    ) -> DeliveryLimits {
        DeliveryLimits(
            triesMax: triesMax, widthStart: widthStart,
            paces: DeliveryPaces(
                standard: DeliveryPace(widthMax: widthMax), byDestination: paces))
    }

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

    /// RFC 5321 §4.5.4.1: not before its time, and then until it is taken.
    @Test func aMailThatIsDeferredIsTriedAgainLater() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [300, 600]))
        depot.courier.answers.withLock {
            $0 = ["a@one.example": ScriptedCourier.deferred(.mail)]
        }
        let mail = try await depot.send(to: ["a@one.example", "b@one.example"])
        try await depot.run { depot in
            for (tries, delay) in [(1, 300), (2, 600), (3, 600)] as [(Int, Int64)] {
                try await depot.until {
                    try await depot.recipients(of: mail).first?.attempts == tries
                }
                let due = try #require(try await depot.recipients(of: mail).first?.dueAt)
                let wait = due.milliseconds - depot.time.now().milliseconds
                #expect((delay * 1000...delay * 1100).contains(wait))
                depot.time.advance(seconds: delay - 1)
                for _ in 0..<200 { await Task.yield() }
                #expect(depot.courier.calls.count == tries + 1)
                depot.time.advance(seconds: delay / 10 + 1)
            }
            depot.courier.answers.withLock { $0 = [:] }
            depot.time.advance(seconds: 1_000)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(try await depot.recipients(of: mail).map(\.state) == [.delivered, .delivered])
    }

    /// A destination that answers nothing is tried once a round, however many wait for it.
    @Test func aDeadDestinationIsTriedAsAWhole() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        depot.courier.answers.withLock {
            $0 = ["dead.example": ScriptedCourier.deferred(.destination)]
        }
        for number in 0..<100 {
            try await depot.send(to: ["a\(number)@dead.example"], isOffered: false)
        }
        try await depot.run { depot in
            try await depot.until {
                depot.log.lines.withLock { $0.contains("rests dead.example 1") }
            }
            let first = depot.courier.calls.count
            #expect(first <= DeliveryLimits().widthStart)
            // A new mail for it wakes nobody.
            try await depot.send(to: ["new@dead.example"])
            for _ in 0..<200 { await Task.yield() }
            #expect(depot.courier.calls.count == first)
            depot.time.advance(seconds: 700)
            try await depot.until {
                depot.log.lines.withLock { $0.contains("rests dead.example 2") }
            }
            #expect(depot.courier.calls.count == first + 1)
            depot.courier.answers.withLock { $0 = [:] }
            depot.time.advance(seconds: 700)
            try await depot.until {
                try await depot.store.sendingCounts().queued == 0
            }
        }
        #expect(Set(depot.courier.recipients).count == 101)
    }

    /// RFC 5321 §4.5.4.1: what it was refused for was its destination; its own tries begin with the
    /// first answer to it, and their delays with the first.
    @Test func aDestinationThatTakesNobodyIsNoTryOfAMail() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [300, 1_000, 10_000]))
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(.destination)]
        }
        let mail = try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            for round in 1...2 {
                try await depot.until {
                    try await depot.store.failingDestinations(limit: 1).first?.failures == round
                }
                let recipient = try #require(try await depot.recipients(of: mail).first)
                #expect(recipient.attempts == 0)
                #expect(recipient.lastAttemptAt == depot.time.now())
                if round == 1 { depot.time.advance(seconds: 330) }
            }
            depot.courier.answers.withLock {
                $0 = ["one.example": ScriptedCourier.deferred(.mail)]
            }
            // It is put off, and not scheduled: an operator hurries it.
            try await depot.until {
                try await depot.queue.apply(.retry, to: SendingFilter()).count == 1
            }
            try await depot.until { try await depot.recipients(of: mail).first?.attempts == 1 }
            let due = try #require(try await depot.recipients(of: mail).first?.dueAt)
            #expect((300...330).contains((due.milliseconds - depot.time.now().milliseconds) / 1000))
        }
    }

    /// 421 at MAIL for one mail alone, while the destination takes others: the mail comes less and
    /// less often, and nothing else waits for that.
    @Test func aMailThatAloneIsToldToComeLaterWaitsLonger() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [300, 1_000, 10_000]))
        depot.courier.answers.withLock {
            $0 = ["a@one.example": ScriptedCourier.deferred(.destination, asksForLess: true)]
        }
        let mail = try await depot.send(to: ["a@one.example"]) { sending in
            sending.recipients[0].lastAttemptAt = depot.time.now().advanced(bySeconds: -1_050)
        }
        try await depot.run { depot in
            try await depot.until {
                let failing = try await depot.store.failingDestinations(limit: 1)
                return failing.first?.failures == 1
                    && depot.queue.state.withLock { $0.lanes.names.isEmpty }
            }
            let recipient = try #require(try await depot.recipients(of: mail).first)
            #expect(recipient.attempts == 0)
            let wait = recipient.dueAt.milliseconds - depot.time.now().milliseconds
            #expect((10_000_000...11_000_000).contains(wait))
            depot.time.advance(seconds: 331)
            let other = try await depot.send(to: ["b@one.example"])
            try await depot.until { try await depot.store.sentMail(other.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["a@one.example", "b@one.example"])
    }

    /// What rested before a start rests after it, whatever comes for it.
    @Test func aRestOutlivesAStart() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        depot.courier.answers.withLock {
            $0 = ["dead.example": ScriptedCourier.deferred(.destination)]
        }
        let now = depot.time.now()
        try await depot.send(to: ["a@dead.example"], isOffered: false)
        try await depot.store.settle(
            DestinationRecord(
                name: "dead.example", dueAt: now, failures: 3,
                restsUntil: now.advanced(bySeconds: 600), detail: "no answer"))
        try await depot.queue.learn()
        try await depot.send(to: ["b@dead.example"])
        try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork == 0 && depot.courier.calls.count > 0 }
            for _ in 0..<500 { await Task.yield() }
            #expect(depot.courier.recipients == ["a@one.example"])
            depot.time.advance(seconds: 600)
            try await depot.until {
                depot.log.lines.withLock { $0.contains("rests dead.example 4") }
            }
            #expect(depot.courier.calls.count == 2)
        }
    }

    /// Of those whom it serves one is put off; of two in a row there is more to fear.
    @Test(arguments: [(["a3"], 8, false), (["a3", "a4"], 5, true), (["a3", "a5"], 8, false)])
    func aConnectionThatBreaksIsNoEnd(
        _ broken: [String], _ calls: Int, _ rests: Bool
    ) async throws {
        let depot = try Depot(limits: Self.limits(widthMax: 1))
        depot.courier.answers.withLock { answers in
            for name in broken {
                answers["\(name)@one.example"] = ScriptedCourier.deferred(.destination)
            }
        }
        for number in 0..<8 { try await depot.send(to: ["a\(number)@one.example"]) }
        try await depot.run { depot in
            try await depot.until { depot.courier.calls.count == calls }
            if rests {
                try await depot.until {
                    depot.log.lines.withLock { $0.contains("rests one.example 1") }
                }
            }
            try await depot.until { depot.courier.atWork == 0 }
            for _ in 0..<500 { await Task.yield() }
            #expect(depot.courier.calls.count == calls)
            #expect(depot.log.lines.withLock { $0.contains { $0.hasPrefix("rests") } } == rests)
        }
    }

    @Test func aDestinationThatHangsHoldsUpNoOther() async throws {
        let depot = try Depot(limits: Self.limits(triesMax: 8, widthStart: 2, widthMax: 4))
        depot.courier.hangs.withLock { $0 = ["slow.example"] }
        for number in 0..<50 { try await depot.send(to: ["a\(number)@slow.example"]) }
        var others: [SentMailRecord] = []
        for number in 0..<20 { others.append(try await depot.send(to: ["a@o\(number).example"])) }
        let fast = others
        try await depot.run { depot in
            for mail in fast {
                try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
            }
            #expect(depot.courier.recipients.count { $0.hasSuffix("@slow.example") } == 2)
            depot.courier.hangs.withLock { $0 = [] }
            try await depot.until { try await depot.store.sendingCounts().queued == 0 }
        }
        #expect(depot.courier.atWorkMax <= 8)
    }

    struct Returning: Sendable {
        /// RET
        var asked: DeliveryNotification.Returned?
        /// More than the head and the body may have together.
        var excessBytes = 0
        var is8Bit = false
        var answer = ScriptedCourier.refused
        var isReturned = false
    }

    /// RFC 3461 §4.3: as its sender asked, where it failed, and a report takes it.
    @Test(arguments: [
        Returning(asked: .full, isReturned: true), Returning(asked: .full, excessBytes: 1),
        Returning(asked: .headers), Returning(asked: nil), Returning(asked: .full, is8Bit: true),
        Returning(asked: .full, answer: ScriptedCourier.taken),
    ])
    func aMailThatFailsIsReturnedWhole(_ test: Returning) async throws {
        let depot = try Depot()
        depot.courier.answers.withLock { $0 = ["one.example": test.answer] }
        let mail = try await depot.send(
            to: ["a@one.example"], notification: DeliveryNotification(returned: test.asked)
        ) { sending in
            let head = sending.mail.head
            let length =
                DeliveryReportMail.returnedBytesMax - head.readableBytes + test.excessBytes
            let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: length)
            var checksum = Checksum()
            checksum.update(head)
            checksum.update(body)
            sending.body = body
            sending.mail.bodyLength = length
            sending.mail.checksum = checksum.value
            sending.mail.is8Bit = test.is8Bit
        }
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        let returned = depot.office.returned.withLock { $0 }
        #expect(returned.map { $0?.readableBytes } == [test.isReturned ? mail.bodyLength : nil])
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

    /// Their tries are not all there are, however many mails wait for them.
    @Test func destinationsThatHangHoldUpNoOthers() async throws {
        let depot = try Depot(limits: Self.limits(triesMax: 8, widthStart: 4, widthMax: 4))
        let slow = (0..<3).map { "slow\($0).example" }
        depot.courier.hangs.withLock { $0 = Set(slow) }
        for domain in slow {
            for number in 0..<5 { try await depot.send(to: ["a\(number)@\(domain)"]) }
        }
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork >= 5 }
            for _ in 0..<500 { await Task.yield() }
            let mail = try await depot.send(to: ["a@fast.example"])
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
            depot.courier.hangs.withLock { $0 = [] }
            try await depot.until { try await depot.store.sendingCounts().queued == 0 }
        }
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

    @Test func whoWasSuppressedMeanwhileIsNotTried() async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false)
        try await depot.store.put([
            SuppressionRecord(
                scope: .global, address: "a@one.example", reason: .bounce,
                changedAt: depot.time.now())
        ])
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(depot.courier.calls.isEmpty)
        #expect(try await depot.recipients(of: mail).map(\.state) == [.suppressed])
    }

    /// Whoever asks for less gets less, and later more again.
    @Test func oneThatAsksForLessGetsLess() async throws {
        let depot = try Depot(limits: Self.limits(triesMax: 50, widthStart: 8, widthMax: 8))
        depot.courier.hangs.withLock { $0 = ["one.example"] }
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(.mail, asksForLess: true)]
        }
        for number in 0..<30 { try await depot.send(to: ["a\(number)@one.example"]) }
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork == 8 }
            depot.courier.hangs.withLock { $0 = [] }
            try await depot.until { depot.courier.calls.count == 30 }
            try await depot.until { depot.courier.atWork == 0 }
            depot.courier.hangs.withLock { $0 = ["one.example"] }
            depot.time.advance(seconds: 400)
            try await depot.until { depot.courier.atWork > 0 }
            for _ in 0..<500 { await Task.yield() }
            #expect(depot.courier.atWork < 8)
            depot.courier.hangs.withLock { $0 = [] }
        }
    }

    @Test func keepsToARate() async throws {
        let depot = try Depot(
            limits: Self.limits(widthMax: 20, ["one.example": DeliveryPace(triesPerMinuteMax: 6)]))
        for number in 0..<3 { try await depot.send(to: ["a\(number)@one.example"]) }
        try await depot.send(to: ["a@two.example"])
        try await depot.run { depot in
            try await depot.until { depot.courier.calls.count == 2 }
            depot.time.advance(seconds: 9)
            for _ in 0..<500 { await Task.yield() }
            #expect(depot.courier.calls.count == 2)
            for count in [3, 4] {
                depot.time.advance(seconds: 10)
                try await depot.until { depot.courier.calls.count == count }
            }
            try await depot.until { try await depot.store.sendingCounts().queued == 0 }
        }
        let times = depot.courier.calls.filter { $0.recipient.hasSuffix("one.example") }.map(\.at)
        #expect(
            zip(times, times.dropFirst()).allSatisfy { $1.milliseconds - $0.milliseconds >= 10_000 }
        )
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

    @Test func aDamagedMailIsHeld() async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false)
        try await depot.damage(mail)
        try await depot.run { depot in
            try await depot.until {
                try await depot.recipients(of: mail).first?.state == .held
            }
        }
        #expect(depot.courier.calls.isEmpty)
        #expect(depot.log.lines.withLock { $0 } == ["damaged a@one.example"])
    }

    /// Nothing of it leaves and it does not bounce, until its file is what it was.
    @Test(arguments: [nil, "", "body\r", "body\r\nx", "bodY\r\n"] as [String?], [true, false])
    func aMailWhoseFileIsNotWhatItWasIsHeld(_ content: String?, isOffered: Bool) async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example"], isOffered: isOffered, inFile: true)
        let whole = depot.bodies.files.withLock { $0[mail.bodyID] }
        depot.bodies.files.withLock { $0[mail.bodyID] = content.map(ByteBuffer.init(string:)) }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.state == .held }
            #expect(depot.courier.calls.isEmpty)
            let held = try #require(try await depot.recipients(of: mail).first)
            #expect(held.attempts == 0)
            let path = depot.bodies.path(of: mail.bodyID)
            #expect(held.detail?.contains("the body file \(path)") == true)
            // Nor does its time end it.
            depot.time.advance(seconds: 259_200 + 1)
            for _ in 0..<200 { await Task.yield() }
            #expect(try await depot.recipients(of: mail).first?.state == .held)
            depot.time.advance(seconds: -259_200)
            depot.bodies.files.withLock { $0[mail.bodyID] = whole }
            var filter = SendingFilter()
            filter.mail = mail.id
            #expect(try await depot.queue.apply(.release, to: filter).count == 1)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["a@one.example"])
        #expect(depot.bodies.files.withLock { $0.isEmpty })
        #expect(
            depot.log.lines.withLock { $0 } == ["damaged a@one.example", "delivered a@one.example"])
    }
}

extension DeliveryQueueTests {
    /// The oldest of its destination, which failed before and is tried by one mail first.
    @Test func aFileThatCannotBeReadHoldsUpNoOther() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        let bad = try await depot.send(to: ["a@one.example"], isOffered: false, inFile: true)
        depot.bodies.unreadable.withLock { $0 = [bad.bodyID] }
        depot.time.advance(seconds: 1)
        try await depot.send(to: ["b@one.example"], isOffered: false)
        try await depot.store.settle(
            DestinationRecord(
                name: "one.example", dueAt: depot.time.now(), failures: 2, detail: "no answer"))
        try await depot.run { depot in
            try await depot.until { depot.courier.recipients == ["b@one.example"] }
            try await depot.until {
                try await depot.recipients(of: bad).first?.detail == "the mail cannot be read: "
                    + "\(StorageFailure.refused("read \(bad.bodyID)"))"
            }
            depot.bodies.unreadable.withLock { $0 = [] }
            depot.time.advance(seconds: 700)
            try await depot.until { try await depot.store.sentMail(bad.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["b@one.example", "a@one.example"])
    }

    /// Nor does the report about it carry what its sender never wrote.
    @Test func aMailWhoseFileWasChangedIsNotReturned() async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example"], notification: DeliveryNotification(returned: .full),
            inFile: true)
        depot.bodies.files.withLock { $0[mail.bodyID] = ByteBuffer(string: "bodY\r\n") }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.state == .held }
            var filter = SendingFilter()
            filter.mail = mail.id
            #expect(try await depot.queue.apply(.bounce, to: filter).count == 1)
        }
        #expect(depot.office.returned.withLock { $0 } == [nil])
    }

    /// What fails here, and asks nobody, says nothing of a destination.
    @Test func aFailureOfOursIsNoAnswer() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        depot.courier.answers.withLock {
            $0["one.example"] = DeliveryAttempt(
                .deferred(
                    DeliveryProblem(
                        .mail, status: EnhancedStatusCode(4, 3, 5), detail: "there is no pool")))
        }
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false)
        try await depot.store.settle(
            DestinationRecord(
                name: "one.example", dueAt: depot.time.now(), failures: 2, detail: "no answer"))
        try await depot.run { depot in
            try await depot.until {
                try await depot.recipients(of: mail).first?.lastAnswer != nil
            }
        }
        let known = try await depot.store.destinations(["one.example"])
        #expect(known.map(\.failures) == [2])
    }
}

@Suite struct RetryPlanTests {
    @Test(
        arguments: [
            ("one.example", 60), ("sub.one.example", 60), ("two.example", 300), ("relay:x", 300),
            ("xone.example", 300),
        ] as [(String, Int64)])
    func aDomainsPlanIsItsSubdomains(_ destination: String, _ delay: Int64) {
        let plans = RetryPlans(byDestination: [
            "one.example": RetryPlan(delaysSeconds: [60], giveUpAfterSeconds: 3_600)
        ])
        #expect(plans.plan(for: destination).delaysSeconds.first == delay)
    }

    @Test(
        arguments: [
            ("one.example", 2), ("sub.one.example", 2), ("two.example", 20), ("relay:x", 20),
            ("relay:mx.one.example", 20),
        ])
    func aDomainsPaceIsItsSubdomains(_ destination: String, _ width: Int) {
        let paces = DeliveryPaces(byDestination: ["one.example": DeliveryPace(widthMax: 2)])
        #expect(paces.pace(for: destination).widthMax == width)
    }

    @Test func knowsTheLongest() {
        #expect(RetryPlans().giveUpAfterSecondsMax == 259_200)
        var plans = RetryPlans(byDestination: [
            "one.example": RetryPlan(giveUpAfterSeconds: 3_600),
            "two.example": RetryPlan(giveUpAfterSeconds: 2_592_000),
        ])
        #expect(plans.giveUpAfterSecondsMax == 2_592_000)
        plans.byDestination["two.example"] = nil
        #expect(plans.giveUpAfterSecondsMax == 259_200)
    }

    /// A recipient that was put off for so long, up to a tenth more than a delay.
    @Test(
        arguments: [(nil, 0), (299, 0), (300, 1), (330, 1), (600, 2), (1_000, 2), (9_999, 3)]
            as [(Int64?, Int)])
    func whatWasWaitedTellsHowManyFailed(_ waited: Int64?, _ tries: Int) throws {
        let plan = RetryPlan(delaysSeconds: [300, 600, 1_200])
        let now = ManualTime().now()
        var recipient = SentRecipient(
            key: SentRecipient.Key(mail: MessageID(at: now, random: CountingRandom()), position: 0),
            address: try #require(Mailbox("a@one.example")), destination: "one.example",
            dueAt: now, expiresAt: now)
        recipient.lastAttemptAt = waited.map { now.advanced(bySeconds: -$0) }
        #expect(plan.tries(before: recipient) == tries)
    }

    @Test func theLastDelayRepeats() {
        let plan = RetryPlan(delaysSeconds: [10, 20])
        let now = Timestamp(milliseconds: 0)
        let seconds = [0, 1, 2, 3, 50].map {
            plan.next(after: $0, now: now, random: NoChance()).milliseconds / 1000
        }
        #expect(seconds == [10, 10, 20, 20, 20])
    }
}

struct NoChance: RandomSource {
    func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

@Suite struct RouteTableTests {
    private let table = RouteTable(
        relays: ["smart": Relay(host: "smart.example", port: 587)],
        byDomain: ["in.example": "smart"])

    @Test(arguments: [
        ("one.example", "one.example"), ("in.example", "relay:smart"),
        ("deep.in.example", "relay:smart"), ("[192.0.2.1]", "[192.0.2.1]"),
    ])
    func destinations(_ domain: String, _ destination: String) {
        #expect(table.destination(of: Domain(validatedASCII: domain)) == destination)
    }

    @Test func routes() {
        #expect(
            table.route(for: "one.example")
                == .exchangers(of: Domain(validatedASCII: "one.example")))
        #expect(table.route(for: "[192.0.2.1]") == IPAddress("192.0.2.1").map(Route.address))
        #expect(
            table.route(for: "[IPv6:2001:db8::1]") == IPAddress("2001:db8::1").map(Route.address))
        #expect(table.route(for: "[x]") == nil)
        #expect(table.route(for: "relay:gone") == nil)
        #expect(
            table.route(for: "relay:smart") == .relay(Relay(host: "smart.example", port: 587)))
        #expect(
            RouteTable(smartHost: "smart").destination(of: Domain(validatedASCII: "one.example"))
                == "relay:smart")
    }
}
