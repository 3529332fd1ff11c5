import DeliveryQueue
import MailModel
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// What one destination takes of the places, and of what others have.
@Suite(.timeLimit(.minutes(1))) struct FairnessTests {
    private static func limits(
        triesMax: Int = 200, widthStart: Int = 5, widthMax: Int,
        _ paces: [String: DeliveryPace] = [:]
    ) -> DeliveryLimits {
        DeliveryLimits(
            triesMax: triesMax, widthStart: widthStart,
            paces: DeliveryPaces(
                standard: DeliveryPace(widthMax: widthMax), byDestination: paces))
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
}
