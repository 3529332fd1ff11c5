import MailModel
import Storage
import TestSupport
import Testing

@testable import DeliveryQueue

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
