import MailModel
import SMTPProtocol
import Storage
import Testing

@testable import DeliveryQueue

/// What memory knows of destinations that are not at work.
@Suite struct KnownDestinationsTests: LaneItems {
    /// Whose rest is over while nobody looks has failed no less often.
    @Test func aNewMailForgetsNotHowOftenItsDestinationFailed() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let failed = DestinationRecord(
            name: "one.example", dueAt: now, failures: 3,
            restsUntil: now.advanced(bySeconds: 60), detail: "no answer")
        lanes.learn([failed])
        var isTaken = lanes.offer(item(0), now: now.advanced(bySeconds: 59))
        #expect(!isTaken)
        let later = now.advanced(bySeconds: 60)
        isTaken = lanes.offer(item(0), now: later)
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record == failed)
        #expect(lanes.lanes["one.example"]?.width == 1)
        // And so after a rest that it had here.
        let problem = DeliveryProblem(
            .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no answer yet")
        let next = lanes.next(now: later)
        let tried = try #require(next)
        lanes.ended(tried, .fails(problem, until: later.advanced(bySeconds: 60)))
        guard case .settle(let record) = lanes.written(tried) else {
            Issue.record("it does not rest")
            return
        }
        #expect(record.failures == 4)
        _ = lanes.close(record)
        isTaken = lanes.offer(item(1), now: later.advanced(bySeconds: 60))
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record.failures == 4)
    }

    /// Where memory has no room for all that failed, the store is asked of those not at work.
    @Test(arguments: [(1, true), (2, false)])
    func whatMemoryHasNoRoomForTheStoreKnows(_ count: Int, _ isTaken: Bool) {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 1))
        lanes.learn(
            (0..<count).map {
                DestinationRecord(name: "dead\($0).example", dueAt: now, failures: 1)
            })
        let taken = lanes.offer(item(0), now: now)
        #expect(taken == isTaken)
    }

    /// Once fewer rest, memory knows all of them again, and what is new is taken.
    @Test func memoryLearnsAgainWhatFailed() {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 2))
        let failing = (0..<3).map {
            DestinationRecord(name: "dead\($0).example", dueAt: now, failures: 1)
        }
        lanes.learn(failing)
        var times: [Int64] = []
        for second in Int64(0)..<700 {
            guard lanes.learnsAgain(now: now.advanced(bySeconds: second)) else { continue }
            times.append(second)
            // Nobody asks beside who does.
            let isAskedTwice = lanes.learnsAgain(now: now.advanced(bySeconds: 10_000))
            #expect(!isAskedTwice)
            lanes.learn(times.count == 1 ? failing : times.count == 2 ? nil : [failing[0]])
            let taken = lanes.offer(item(times.count), now: now)
            #expect(taken == (times.count == 3))
        }
        #expect(times == [0, 300, 600])
    }

    /// The answer is from before what has happened since the store was asked.
    @Test func whatEndedWhileMemoryLearntIsKept() {
        var lanes = Lanes(limits: DeliveryLimits(restingMax: 4))
        let names = ["works.example", "dead.example", "atwork.example"]
        let old = names.map {
            DestinationRecord(
                name: $0, dueAt: now, failures: 1, restsUntil: now.advanced(bySeconds: 60))
        }
        lanes.learn(old + old)
        for record in old { lanes.open(record, mayHaveMore: false) }
        let isAsked = lanes.learnsAgain(now: now)
        #expect(isAsked)
        _ = lanes.close(DestinationRecord(name: names[0], dueAt: now))
        var dead = old[1]
        dead.failures = 2
        _ = lanes.close(dead)
        lanes.learn([old[0]])
        let taken = names.map { lanes.offer(item(0, to: $0), now: now) }
        #expect(taken[0] && !taken[1])
        let later = now.advanced(bySeconds: 60)
        _ = lanes.offer(item(1, to: names[1]), now: later)
        #expect(lanes.lanes[names[1]]?.record == dead)
        #expect(lanes.lanes[names[2]]?.record == old[2])
    }

    /// What nobody waits for any more begins anew.
    @Test func aDestinationThatIsForgottenIsNew() {
        var lanes = Lanes(limits: DeliveryLimits())
        let failed = DestinationRecord(
            name: "one.example", dueAt: now, failures: 3,
            restsUntil: now.advanced(bySeconds: 60))
        lanes.open(failed)
        _ = lanes.close(failed, isForgotten: true)
        let isTaken = lanes.offer(item(0), now: now)
        #expect(isTaken)
        #expect(lanes.lanes["one.example"]?.record.failures == 0)
    }
}
