import MailModel
import SMTPProtocol
import Storage
import Testing

@testable import DeliveryQueue

/// How a destination comes to work, fetches and ends.
@Suite struct LanesTests: LaneItems {
    /// What the store answers may be from before a try has ended: it is not made again for that.
    @Test func whatEndedWhileTheStoreWasAskedIsNotTriedAgain() {
        var lanes = Lanes(limits: DeliveryLimits(fetchMax: 1))
        let (first, second) = (item(0), item(1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        // As many as were asked for: there may be others.
        var need = lanes.endFetch("one.example", [first], asked: 1)
        #expect(need == .fetch)
        var next = lanes.next(now: now)
        #expect(next?.key == first.key)
        let again = lanes.beginFetch("one.example")
        #expect(again == 2)
        lanes.ended(first, .answers)
        need = lanes.written(first)
        #expect(need == .nothing)
        need = lanes.endFetch("one.example", [first, second], asked: 2)
        #expect(need == .fetch)
        next = lanes.next(now: now)
        #expect(next?.key == second.key)
        next = lanes.next(now: now)
        #expect(next == nil)
    }

    /// Somebody comes while the store is asked, finds no room, and is not in its answer.
    @Test func whoFindsNoRoomWhileTheStoreIsAskedIsAskedFor() throws {
        var lanes = Lanes(limits: DeliveryLimits(waitingMax: 1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let question = lanes.beginFetch("one.example")
        let asked = try #require(question)
        let taken = (lanes.offer(item(0), now: now), lanes.offer(item(1), now: now))
        #expect(taken == (true, false))
        let need = lanes.endFetch("one.example", [], asked: asked)
        #expect(need == .fetch)
    }

    @Test func whoAskedForLessGetsLessWhenItIsAtWorkAgain() {
        var lanes = Lanes(limits: limits(width: 8))
        let first = item(0)
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        #expect(lanes.lanes["one.example"]?.width == 8)
        let isTaken = lanes.offer(first, now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next?.key == first.key)
        lanes.ended(first, .asksForLess)
        let need = lanes.written(first)
        #expect(need == .settle(record))
        _ = lanes.close(record)
        lanes.open(record)
        #expect(lanes.lanes["one.example"]?.width == 4)
    }

    /// Whoever comes while a lane's end is being written waits for no look into the store.
    @Test func aLaneThatSomebodyComesIntoWhileItEndsGoesOn() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        for position in 0..<3 {
            let isTaken = lanes.offer(item(position), now: now)
            #expect(isTaken)
            if position > 0 {
                let need = lanes.close(record)
                #expect(need == .nothing)
            }
            let need = try end(.answers, in: &lanes)
            #expect(need == .settle(record))
        }
        let need = lanes.close(record)
        #expect(need == .nothing && lanes.names.isEmpty)
    }

    /// What a destination shows while its end is being written is not lost with the lane.
    @Test func aLaneThatFailsWhileItEndsRests() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        var isTaken = lanes.offer(item(0), now: now)
        var need = try end(.nothing, in: &lanes)
        #expect(isTaken && need == .settle(record))
        isTaken = lanes.offer(item(1), now: now)
        let problem = DeliveryProblem(
            .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no answer yet")
        need = try end(.fails(problem, until: now.advanced(bySeconds: 60)), in: &lanes)
        #expect(isTaken && need == .nothing)
        guard case .settle(let failed) = lanes.close(record) else {
            Issue.record("its end is not written again")
            return
        }
        #expect(failed.failures == 1)
        need = lanes.close(failed)
        isTaken = lanes.offer(item(2), now: now)
        #expect(need == .nothing && !isTaken)
    }

    /// The next try ends so, and that is written.
    private func end(_ finding: Lanes.Finding, in lanes: inout Lanes) throws -> Lanes.Need {
        let next = lanes.next(now: now)
        let tried = try #require(next)
        lanes.ended(tried, finding)
        return lanes.written(tried)
    }

    /// A lane that is never idle is not opened anew by what is due in the store.
    @Test func whoBecomesDueWhileItIsAtWorkIsAskedFor() {
        var lanes = Lanes(limits: DeliveryLimits())
        let isTaken = lanes.offer(item(0), now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next != nil)
        for (seconds, expected) in [(0, 0), (59, 0), (60, 1), (61, 0)] {
            let needs = lanes.lookAgain(now: now.advanced(bySeconds: Int64(seconds)))
            #expect(needs.map(\.need) == Array(repeating: .fetch, count: expected))
            if expected > 0 {
                let asked = lanes.beginFetch("one.example")
                #expect(asked != nil)
                _ = lanes.endFetch("one.example", [], asked: asked ?? 0)
            }
        }
    }

    /// However many destinations go on at once: large mails of all of them find no room together.
    @Test func fewDestinationsBringManyMailsAtOnce() {
        var lanes = Lanes(limits: DeliveryLimits(fetchMax: 100))
        let names = (0..<6).map { "d\($0).example" }
        for name in names { lanes.open(DestinationRecord(name: name, dueAt: now)) }
        let asked = names.map { lanes.beginFetch($0) }
        #expect(asked == [100, 100, 100, 100, 1, 1])
        // Who brought one alone leaves no place to others.
        var need = lanes.endFetch(names[4], [item(0, to: names[4])], asked: 1)
        #expect(need == .fetch)
        var again = lanes.beginFetch(names[4])
        #expect(again == 2)
        need = lanes.endFetch(names[0], [], asked: 100)
        again = lanes.beginFetch(names[5])
        #expect(again == nil)
        _ = lanes.endFetch(names[5], [item(1, to: names[5])], asked: 1)
        again = lanes.beginFetch(names[5])
        #expect(again == 101)
    }

    /// Each destination may bring one, so that it goes on, and no more than that.
    @Test func whereMemoryIsFullOneOfADestinationIsBrought() throws {
        var lanes = Lanes(limits: DeliveryLimits(bytesMax: 5))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        var asked = lanes.beginFetch("one.example")
        #expect(asked == 100)
        let need = lanes.endFetch(
            "one.example", (0..<2).map { item($0, head: "123456") }, asked: 2)
        #expect(need == .fetch)
        asked = lanes.beginFetch("one.example")
        #expect(asked == nil)
        let first = try end(.answers, in: &lanes)
        #expect(first == .fetch)
        asked = lanes.beginFetch("one.example")
        #expect(asked == nil)
        let second = try end(.answers, in: &lanes)
        #expect(second == .fetch)
        // Nobody is in memory any more.
        asked = lanes.beginFetch("one.example")
        #expect(asked == 100)
    }

    /// What has no room in memory opens no lane that nobody would close.
    @Test func whatHasNoRoomStaysInTheStore() {
        var lanes = Lanes(limits: DeliveryLimits(bytesMax: 5))
        let isTaken = lanes.offer(item(0, head: "123456"), now: now)
        #expect(!isTaken)
        #expect(lanes.names.isEmpty)
    }

    /// Mails whose time is over before they are tried do not make a dead destination a live one.
    @Test func whatWasNotTriedSaysNothingOfItsDestination() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        var record = DestinationRecord(name: "one.example", dueAt: now)
        record.failures = 3
        lanes.open(record)
        var asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        var need = lanes.endFetch("one.example", [item(0)], asked: 1)
        #expect(need == .nothing)
        let next = lanes.next(now: now)
        let tried = try #require(next)
        lanes.ended(tried, .nothing)
        need = lanes.written(tried)
        #expect(need == .fetch)
        asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        need = lanes.endFetch("one.example", [], asked: 1)
        #expect(need == .settle(record))
    }
}
