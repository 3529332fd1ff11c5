import MailModel
import Storage
import Testing

@testable import DeliveryQueue

/// Who gets a place when there are fewer than are wanted.
@Suite struct TurnsTests: LaneItems {
    @Test func destinationsThatHangLeaveRoomForNewOnes() throws {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        offer(10, to: (0..<40).map { "hangs\($0).example" }, &lanes)
        var begun = beginAll(&lanes)
        #expect(begun.count == 40)
        #expect(lanes.atWork == 100)
        offer(10, to: ["good.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 1])
        // Since it answers it has what it can take, whatever hangs.
        let first = try #require(begun["good.example"]?.first)
        lanes.ended(first, .answers)
        _ = lanes.written(first)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 5])
    }

    /// However many hang, a quarter of the places is left to those that answer.
    @Test func newDestinationsThatHangLeaveRoomForThoseThatAnswer() throws {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        offer(1, to: ["good.example"], &lanes)
        var begun = beginAll(&lanes)
        let first = try #require(begun["good.example"]?.first)
        lanes.ended(first, .answers)
        if case .settle(let record) = lanes.written(first) { _ = lanes.close(record) }
        #expect(lanes.names.isEmpty)
        offer(2, to: (0..<300).map { "hangs\($0).example" }, &lanes)
        begun = beginAll(&lanes)
        #expect(lanes.atWork == 150)
        offer(1, to: ["new.example", "good.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["good.example": 1])
    }

    @Test func destinationsThatFailedShareAHalf() {
        var lanes = Lanes(limits: DeliveryLimits(triesMax: 200))
        let dead = (0..<150).map { "dead\($0).example" }
        for name in dead {
            lanes.open(
                DestinationRecord(name: name, dueAt: now, failures: 1), mayHaveMore: false)
        }
        offer(1, to: dead, &lanes)
        var begun = beginAll(&lanes)
        #expect(begun.count == 100)
        offer(1, to: ["new.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["new.example": 1])
    }

    /// Nobody's many connections take the last places, answered or not.
    @Test func theLastQuarterIsForThoseNobodyOfWhomIsTried() throws {
        var lanes = Lanes(limits: limits(triesMax: 40, width: 40))
        offer(100, to: ["wide.example"], &lanes)
        var begun = beginAll(&lanes)
        #expect(begun["wide.example"]?.count == 20)
        let first = try #require(begun["wide.example"]?.first)
        lanes.ended(first, .answers)
        _ = lanes.written(first)
        begun = beginAll(&lanes)
        #expect(lanes.atWork == 30)
        offer(5, to: ["one.example", "two.example"], &lanes)
        begun = beginAll(&lanes)
        #expect(begun.mapValues(\.count) == ["one.example": 1, "two.example": 1])
    }

    /// What answered until a minute ago, and hangs since, begins no more than others that hang.
    @Test(arguments: [(59, true), (60, false)] as [(Int64, Bool)])
    func whoFallsSilentComesBehindOthers(_ seconds: Int64, _ begins: Bool) throws {
        var lanes = Lanes(limits: limits(triesMax: 16, width: 10))
        offer(30, to: ["one.example"], &lanes)
        var begun = beginAll(&lanes)
        let first = try #require(begun["one.example"])
        #expect(first.count == 8)
        lanes.ended(first[0], .answers)
        _ = lanes.written(first[0])
        lanes.lookForSilence(now: now)
        begun = beginAll(&lanes)
        #expect(begun["one.example"]?.count == 3)
        lanes.lookForSilence(now: now.advanced(bySeconds: seconds))
        // One that was cut off makes room, and says nothing.
        lanes.ended(first[1], .nothing)
        _ = lanes.written(first[1])
        begun = beginAll(&lanes)
        #expect(begun.isEmpty == !begins)
    }
}
