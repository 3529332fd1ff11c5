import Foundation

/// When a message that a web subscriber did not take is posted again, in SNS's four phases: at
/// once, after the shortest delay, after delays that grow, after the longest.
/// SNS: `healthyRetryPolicy` of a subscription's `DeliveryPolicy`.
///
/// Deviates: by default the figures are those that SNS has for customers' endpoints other than HTTP
/// (51 tries, here in about seven hours); for HTTP, SNS gives up after three retries in a minute,
/// which no restart of a server survives. And SNS draws the curves of its back-off functions without a formula: the
/// ones here are ours.
package struct DeliveryPolicy: Sendable, Hashable {
    package enum Backoff: String, Sendable, CaseIterable {
        /// Delays grow by the same amount.
        case linear
        /// Delays grow by an amount that itself grows by the same amount.
        case arithmetic
        /// Delays grow by the same factor.
        case geometric
        /// Each delay is twice the one before, up to the longest.
        case exponential
    }

    /// In all phases together; whatever they say, there are no more.
    package var numRetries = 50
    package var numNoDelayRetries = 0
    package var numMinDelayRetries = 2
    package var numMaxDelayRetries = 38
    package var minDelaySeconds: Int64 = 10
    package var maxDelaySeconds: Int64 = 600
    package var backoff = Backoff.exponential

    package init() {}

    /// How long to wait after `attempt` (1 is the first) failed; nil to give up.
    ///
    /// `ageSeconds` is the message's. One that waited behind others for longer than all its retries
    /// would take has the quick ones left: a backlog ends, but each message is tried.
    package func delaySeconds(afterAttempt attempt: Int, ageSeconds: Int64 = 0) -> Int64? {
        guard attempt <= numRetries else { return nil }
        if attempt > numNoDelayRetries + numMinDelayRetries, ageSeconds > totalSeconds {
            return nil
        }
        return delaySeconds(ofRetry: attempt)
    }

    private func delaySeconds(ofRetry attempt: Int) -> Int64 {
        if attempt <= numNoDelayRetries { return 0 }
        let step = attempt - numNoDelayRetries - numMinDelayRetries
        if step <= 0 { return minDelaySeconds }
        let steps = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries
        return step > steps ? maxDelaySeconds : backoffSeconds(step, of: steps)
    }

    /// From the first try to the last.
    private var totalSeconds: Int64 {
        guard numRetries > 0 else { return 0 }
        return (1...numRetries).reduce(0) { $0 + delaySeconds(ofRetry: $1) }
    }

    /// The delay of step 1 to `steps`; the last is the longest, but for the exponential.
    private func backoffSeconds(_ step: Int, of steps: Int) -> Int64 {
        let (shortest, longest) = (Double(minDelaySeconds), Double(maxDelaySeconds))
        let part = Double(step) / Double(steps)
        let delay =
            switch backoff {
            case .linear: shortest + (longest - shortest) * part
            case .arithmetic:
                shortest + (longest - shortest) * Double(step * (step + 1))
                    / Double(steps * (steps + 1))
            case .geometric: shortest * pow(longest / shortest, part)
            case .exponential: min(longest, shortest * pow(2, Double(step)))
            }
        return Int64(delay.rounded())
    }
}
