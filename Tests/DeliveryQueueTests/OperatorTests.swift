import DeliveryQueue
import MailModel
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// What operators do with the queue while it works.
@Suite(.timeLimit(.minutes(1))) struct OperatorTests {
    private static func filter(_ change: (inout SendingFilter) -> Void) -> SendingFilter {
        var filter = SendingFilter()
        change(&filter)
        return filter
    }

    @Test(arguments: [
        (SentMailChange.hold, SentRecipient.State.held), (.remove, .removed),
        (.bounce, .bounced),
    ])
    func whoIsChosenIsChanged(_ change: SentMailChange, _ state: SentRecipient.State) async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example", "b@two.example"], isOffered: false)
        let chosen = Self.filter { $0.recipientDomain = "one.example" }
        #expect(try await depot.queue.count(change, of: chosen) == 1)
        #expect(
            try await depot.queue.apply(change, to: chosen) == DeliveryQueue.Changed(count: 1))
        #expect(try await depot.recipients(of: mail).map(\.state) == [state, .queued])
        try await depot.run { depot in
            try await depot.until {
                try await depot.recipients(of: mail)[1].state == .delivered
            }
        }
        #expect(depot.courier.recipients == ["b@two.example"])
        #expect(try await depot.recipients(of: mail).map(\.state) == [state, .delivered])
    }

    /// Who waits in memory behind others is taken out of it, too.
    @Test func whoWaitsInMemoryIsHeld() async throws {
        let depot = try Depot(limits: DeliveryLimits(triesMax: 1))
        depot.courier.hangs.withLock { $0 = ["one.example"] }
        let first = try await depot.send(to: ["a@one.example"])
        let second = try await depot.send(to: ["b@one.example"])
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork == 1 }
            let changed = try await depot.queue.apply(.hold, to: SendingFilter())
            #expect(changed == DeliveryQueue.Changed(count: 1, busy: 1))
            depot.courier.hangs.withLock { $0 = [] }
            try await depot.until { try await depot.store.sentMail(first.id)?.state == .ended }
            for _ in 0..<200 { await Task.yield() }
            #expect(depot.courier.recipients == ["a@one.example"])
            #expect(
                try await depot.queue.apply(.release, to: SendingFilter())
                    == DeliveryQueue.Changed(count: 1))
            try await depot.until { try await depot.store.sentMail(second.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["a@one.example", "b@one.example"])
    }

    @Test func aRetryEndsTheRestOfItsDestination() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [36_000]))
        depot.courier.answers.withLock {
            $0 = ["one.example": ScriptedCourier.deferred(.destination)]
        }
        let mail = try await depot.send(to: ["a@one.example"])
        try await depot.run { depot in
            try await depot.until {
                depot.log.lines.withLock { $0.contains("rests one.example 1") }
            }
            depot.courier.answers.withLock { $0 = [:] }
            try await depot.until {
                try await depot.queue.apply(.retry, to: SendingFilter()).count == 1
            }
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(depot.courier.calls.count == 2)
    }

    @Test func whatIsScheduledStaysSo() async throws {
        let depot = try Depot()
        let later = depot.time.now().advanced(bySeconds: 7_200)
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false, dueAt: later)
        #expect(try await depot.queue.count(.retry, of: SendingFilter()) == 0)
        #expect(try await depot.queue.apply(.retry, to: SendingFilter()).count == 0)
        #expect(try await depot.queue.apply(.hold, to: SendingFilter()).count == 1)
        #expect(try await depot.queue.apply(.release, to: SendingFilter()).count == 1)
        #expect(try await depot.recipients(of: mail).map(\.dueAt) == [later])
        try await depot.run { depot in
            for _ in 0..<200 { await Task.yield() }
            #expect(depot.courier.calls.isEmpty)
            depot.time.advance(seconds: 7_200)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
    }

    /// Counting takes the longer the more wait, and is made the less often.
    @Test func manyAreNotCountedAtEachQuestion() async throws {
        let depot = try Depot()
        try await depot.send(to: (0..<40).map { "a\($0)@one.example" }, isOffered: false)
        #expect(try await depot.queue.counts().queued == 40)
        #expect(try await depot.queue.apply(.hold, to: SendingFilter()).count == 40)
        #expect(try await depot.queue.counts().queued == 40)
        depot.time.advance(seconds: 1)
        #expect(try await depot.queue.counts().queued == 0)
        // A few are counted each time.
        #expect(try await depot.queue.apply(.remove, to: SendingFilter()).count == 40)
        try await depot.send(to: ["a@one.example"], isOffered: false)
        depot.time.advance(seconds: 1)
        for count in 1...3 {
            #expect(try await depot.queue.counts().queued == count)
            try await depot.send(to: ["a@one.example"], isOffered: false)
        }
    }

    @Test func manyAreChangedInBatches() async throws {
        let depot = try Depot()
        for number in 0..<30 {
            try await depot.send(
                to: (0..<40).map { "a\($0)@d\(number).example" }, isOffered: false)
        }
        #expect(try await depot.queue.count(.hold, of: SendingFilter()) == 1_200)
        #expect(try await depot.queue.apply(.hold, to: SendingFilter()).count == 1_200)
        #expect(try await depot.store.sendingCounts().held == 1_200)
        #expect(try await depot.queue.apply(.bounce, to: SendingFilter()).count == 1_200)
        #expect(try await depot.store.sendingCounts().held == 0)
    }

    /// A relay that was taken out of the configuration holds up nobody.
    @Test func whatWaitsForARelayThatIsGoneGoesTheWayThatIsNamedNow() async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false) {
            $0.recipients[0].destination = "relay:gone"
        }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail)[0].lastAttemptAt != nil }
        }
        #expect(try await depot.recipients(of: mail).map(\.state) == [.delivered])
        #expect(depot.courier.recipients == ["a@one.example"])
    }

    /// By its domain it would come back to us.
    @Test func whatARuleHandsOnWaitsForARelayThatIsGone() async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false) {
            $0.recipients[0].destination = "relay:gone"
            $0.mail.facts.operation = SendingFacts.relayOperation
        }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail)[0].detail != nil }
        }
        let recipient = try await depot.recipients(of: mail)[0]
        #expect(recipient.state == .queued)
        #expect(recipient.detail?.contains("the configuration has no relay:gone") == true)
        #expect(depot.courier.recipients.isEmpty)
    }
}
