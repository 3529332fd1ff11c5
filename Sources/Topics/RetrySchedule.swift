package import MailModel

/// When something that failed is tried again: delays that double, with a little chance in them so
/// that what failed together does not come back together.
package struct RetrySchedule: Sendable {
    package var firstDelaySeconds: Int64
    package var delaySecondsMax: Int64
    /// From the first try; what would come later is not tried. SES: 4 hours.
    package var giveUpAfterSeconds: Int64

    package init(
        firstDelaySeconds: Int64 = 10, delaySecondsMax: Int64 = 900,
        giveUpAfterSeconds: Int64 = 14_400
    ) {
        self.firstDelaySeconds = firstDelaySeconds
        self.delaySecondsMax = delaySecondsMax
        self.giveUpAfterSeconds = giveUpAfterSeconds
    }

    /// Tries that fit into the first hour, by the delays alone: fewer are never all, whatever the
    /// clock says of the time since the first (it may have been set, or the machine been off).
    package var triesMin: Int {
        let end = min(giveUpAfterSeconds, 3_600)
        var (tries, seconds) = (1, delaySeconds(afterAttempt: 1))
        while seconds <= end {
            tries += 1
            seconds += delaySeconds(afterAttempt: tries)
        }
        return tries
    }

    private func delaySeconds(afterAttempt attempt: Int) -> Int64 {
        let doublings = Int64(min(max(attempt - 1, 0), 20))
        return max(min(firstDelaySeconds << doublings, delaySecondsMax), 1)
    }

    /// The time of the next try after `attempt` (1 is the first) failed at `now`; nil to give up,
    /// which wants both: the time is over, and `triesMin` were made.
    package func next(
        afterAttempt attempt: Int, firstAttemptAt: Timestamp, now: Timestamp,
        random: any RandomSource
    ) -> Timestamp? {
        let delay = delaySeconds(afterAttempt: attempt) * 1000
        let chance = Int64(random.bytes(1)[0])
        let time = Timestamp(milliseconds: now.milliseconds + delay + delay * chance / 1280)
        let end = firstAttemptAt.advanced(bySeconds: giveUpAfterSeconds)
        return time <= end || attempt < triesMin ? time : nil
    }
}
