import Testing
import Topics

@Suite struct DeliveryPolicyTests {
    private static func policy(_ backoff: DeliveryPolicy.Backoff) -> DeliveryPolicy {
        var policy = DeliveryPolicy()
        policy.numRetries = 10
        policy.numNoDelayRetries = 2
        policy.numMinDelayRetries = 2
        policy.numMaxDelayRetries = 2
        policy.minDelaySeconds = 10
        policy.maxDelaySeconds = 160
        policy.backoff = backoff
        return policy
    }

    /// At once, shortest, growing (four steps), longest, given up.
    @Test(
        arguments: [
            (DeliveryPolicy.Backoff.linear, [0, 0, 10, 10, 48, 85, 123, 160, 160, 160]),
            (.arithmetic, [0, 0, 10, 10, 25, 55, 100, 160, 160, 160]),
            (.geometric, [0, 0, 10, 10, 20, 40, 80, 160, 160, 160]),
            (.exponential, [0, 0, 10, 10, 20, 40, 80, 160, 160, 160]),
        ] as [(DeliveryPolicy.Backoff, [Int64])])
    func goesThroughItsPhases(_ backoff: DeliveryPolicy.Backoff, _ delays: [Int64]) {
        let policy = Self.policy(backoff)
        #expect((1...10).map { policy.delaySeconds(afterAttempt: $0) } == delays)
        #expect(policy.delaySeconds(afterAttempt: 11) == nil)
    }

    /// Behind an endpoint that is dead for days, each message still has its quick tries.
    @Test(arguments: [(1, 26_441, 10), (2, 26_441, 10), (3, 26_440, 20), (3, 26_441, nil)])
    func aBacklogEnds(_ attempt: Int, ageSeconds: Int64, delay: Int64?) {
        let found = DeliveryPolicy().delaySeconds(afterAttempt: attempt, ageSeconds: ageSeconds)
        #expect(found == delay)
    }

    /// 51 tries; the last about seven hours after the first.
    @Test func theDefaultLastsForHours() {
        let policy = DeliveryPolicy()
        let delays = (1...50).compactMap { policy.delaySeconds(afterAttempt: $0) }
        #expect(delays.count == 50)
        #expect(delays.prefix(8) == [10, 10, 20, 40, 80, 160, 320, 600])
        #expect(delays.reduce(0, +) == 26_440)
        #expect(policy.delaySeconds(afterAttempt: 51) == nil)
    }

    @Test func noRetriesIsOneTry() {
        var policy = DeliveryPolicy()
        policy.numRetries = 0
        policy.numMinDelayRetries = 0
        policy.numMaxDelayRetries = 0
        #expect(policy.delaySeconds(afterAttempt: 1) == nil)
    }
}
