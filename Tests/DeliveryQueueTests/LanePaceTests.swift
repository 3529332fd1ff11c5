import MailModel
import Storage
import Testing

@testable import DeliveryQueue

/// Rates of destinations.
@Suite struct LanePaceTests: LaneItems {
    /// Begun in a minute: at once what belongs into a second, then evenly, whoever looks how often.
    @Test(
        arguments: [
            (600, 1_000, [10, 10, 10]), (60, 500, [1, 0, 1]), (6, 5_000, [1, 0, 1]),
        ] as [(Int, Int64, [Int])])
    func keepsToARate(_ rate: Int, _ step: Int64, _ expected: [Int]) {
        let pace = DeliveryPace(widthMax: 100, triesPerMinuteMax: rate)
        var lanes = Lanes(
            limits: DeliveryLimits(
                widthStart: 100, paces: DeliveryPaces(byDestination: ["one.example": pace])))
        offer(50, to: ["one.example"], &lanes)
        for (round, count) in expected.enumerated() {
            let time = Timestamp(milliseconds: now.milliseconds + Int64(round) * step)
            var begun = 0
            while lanes.next(now: time) != nil { begun += 1 }
            #expect(begun == count)
        }
    }

    @Test(arguments: [(35_000, 2), (7_000, 9), (60_000, 1), (6, 10_000)] as [(Int, Int64)])
    func aRateIsTheMost(_ rate: Int, _ gap: Int64) {
        let now = Timestamp(milliseconds: 1_000_000)
        let next = DeliveryPace(triesPerMinuteMax: rate).next(
            after: now.advanced(bySeconds: 1), now: now)
        #expect(next.milliseconds - now.milliseconds == 1_000 + gap)
    }

    /// Mails that come one by one keep to it, too: nobody is at work between them.
    @Test func aRateOutlivesALane() throws {
        let pace = DeliveryPace(triesPerMinuteMax: 6)
        var lanes = Lanes(
            limits: DeliveryLimits(paces: DeliveryPaces(byDestination: ["one.example": pace])))
        for (position, seconds) in [0, 9, 10].enumerated() {
            let time = now.advanced(bySeconds: Int64(seconds))
            lanes.lookForSilence(now: time)
            _ = lanes.offer(item(position), now: time)
            let next = lanes.next(now: time)
            #expect((next == nil) == (seconds == 9))
            guard let next else { continue }
            lanes.ended(next, .answers)
            if case .settle(let record) = lanes.written(next) { _ = lanes.close(record) }
        }
    }

    /// Who waits for its minute's share stands in nobody's way, and comes in the order of its time.
    @Test func whoWaitsForItsShareIsNotLookedAt() throws {
        let pace = DeliveryPace(triesPerMinuteMax: 6)
        var lanes = Lanes(limits: DeliveryLimits(paces: DeliveryPaces(standard: pace)))
        let names = (0..<100).map { "d\($0).example" }
        for (number, name) in names.enumerated() {
            let time = Timestamp(milliseconds: now.milliseconds + Int64(number * 37 % 100))
            for position in 0..<2 {
                _ = lanes.offer(item(2 * number + position, to: name), now: time)
            }
            let next = lanes.next(now: time)
            let begun = try #require(next)
            lanes.ended(begun, .answers)
            _ = lanes.written(begun)
        }
        let early = Timestamp(milliseconds: now.milliseconds + 9_999)
        let isAnyReady = lanes.hasNext(now: early)
        let ready = lanes.readyCount(now: early)
        #expect(!isAnyReady && ready == 0)
        let middle = lanes.readyCount(now: Timestamp(milliseconds: now.milliseconds + 10_049))
        #expect(middle == 50)
        let late = now.advanced(bySeconds: 11)
        var begun: [String] = []
        while let item = lanes.next(now: late) {
            begun.append(item.queued.recipient.destination)
        }
        #expect(begun == (0..<100).map { names[$0 * 73 % 100] })
    }
}
