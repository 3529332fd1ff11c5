import MailModel
import SMTPProtocol
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

@testable import DeliveryQueue

/// What is put off, and when it is tried again.
@Suite(.timeLimit(.minutes(1))) struct RetryTests {
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

    /// Nobody was asked for days, for a hold or a server that was off: who waited is tried.
    @Test(arguments: [false, true]) func aMailWhoseTimeIsOverIsTriedOnceMore(
        wasPutOff: Bool
    ) async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false)
        if wasPutOff {
            var recipient = try #require(try await depot.recipients(of: mail).first)
            recipient.lastAttemptAt = depot.time.now()
            recipient.dueAt = depot.time.now().advanced(bySeconds: 300)
            _ = try await depot.store.record([SendingProgress(recipient: recipient)])
        }
        depot.time.advance(seconds: 4 * 86_400)
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(try await depot.recipients(of: mail).map(\.state) == [.delivered])
        #expect(depot.courier.recipients == ["a@one.example"])
    }

    /// Those whose time is over do not wait for the connections of each other to fail.
    @Test func aDeadDestinationIsAskedOnceMoreForAllWhoseTimeIsOver() async throws {
        let depot = try Depot()
        depot.courier.answers.withLock {
            $0 = ["dead.example": ScriptedCourier.deferred(.destination)]
        }
        for number in 0..<100 {
            try await depot.send(to: ["a\(number)@dead.example"], isOffered: false)
        }
        depot.time.advance(seconds: 4 * 86_400)
        try await depot.run { depot in
            try await depot.until { try await depot.store.sendingCounts().queued == 0 }
        }
        #expect(depot.courier.calls.count <= DeliveryLimits().widthStart)
        #expect(depot.log.lines.withLock { $0.count { $0.hasPrefix("expired") } } == 100)
    }
}
