import DeliveryQueue
import MailFlow
import Testing

@Suite struct OutboundFlowTests {
    /// Scheduled for the last day that may be, and then tried to the end of its time.
    @Test(arguments: [(72, 17), (720, 44)] as [(Int64, Int64)])
    func knowsHowLongAMailMayBeInFlight(_ giveUpAfterHours: Int64, _ days: Int64) {
        let plans = RetryPlans(byDestination: [
            "slow.example": RetryPlan(giveUpAfterSeconds: giveUpAfterHours * 3_600)
        ])
        #expect(OutboundFlow.inFlightSecondsMax(plans) == days * 86_400)
    }
}
