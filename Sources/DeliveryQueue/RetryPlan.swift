package import MailModel
import Storage

/// When a mail that was deferred is tried again, and for how long.
package struct RetryPlan: Sendable, Hashable {
    /// Before the second try, the third and so on; the last one repeats. At least one, each at
    /// least one second.
    package var delaysSeconds: [Int64]
    /// From when the mail is first due; the first try after it is the last. SES: 72 hours in all.
    package var giveUpAfterSeconds: Int64

    package init(
        delaysSeconds: [Int64] = [300, 600, 1_200, 2_400, 3_600, 7_200, 14_400],
        giveUpAfterSeconds: Int64 = 259_200
    ) {
        self.delaysSeconds = delaysSeconds
        self.giveUpAfterSeconds = giveUpAfterSeconds
    }

    /// After `tries` that failed, the time of the next, up to a tenth later so that what failed
    /// together does not come back together.
    package func next(after tries: Int, now: Timestamp, random: any RandomSource) -> Timestamp {
        let index = min(max(tries, 1), delaysSeconds.count) - 1
        let delay = max(delaysSeconds.isEmpty ? 300 : delaysSeconds[index], 1) * 1000
        let chance = Int64(random.bytes(1)[0])
        return Timestamp(milliseconds: now.milliseconds + delay + delay * chance / 2560)
    }

    /// So many failed, whoever they were about, by how long `recipient` was last put off; 0 where
    /// it was not.
    func tries(before recipient: SentRecipient) -> Int {
        guard let last = recipient.lastAttemptAt else { return 0 }
        let waited = recipient.dueAt.milliseconds - last.milliseconds
        return (delaysSeconds.lastIndex { $0 * 1000 <= waited } ?? -1) + 1
    }
}

/// The plans of all destinations.
package struct RetryPlans: Sendable, Equatable {
    package var standard: RetryPlan
    /// By the name of the destination; a domain's plan is its subdomains', too.
    package var byDestination: [String: RetryPlan]

    package init(standard: RetryPlan = RetryPlan(), byDestination: [String: RetryPlan] = [:]) {
        self.standard = standard
        self.byDestination = byDestination
    }

    /// The longest that any mail is tried.
    package var giveUpAfterSecondsMax: Int64 {
        byDestination.values.map(\.giveUpAfterSeconds).reduce(standard.giveUpAfterSeconds, max)
    }

    /// The longest that any waits for its next try, without chance.
    package var delaySecondsMax: Int64 {
        ([standard] + byDestination.values).flatMap(\.delaysSeconds).max() ?? 0
    }

    package func plan(for destination: String) -> RetryPlan {
        byDestination.closest(to: destination) ?? standard
    }
}
