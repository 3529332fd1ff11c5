/// Beyond which load no mail is taken.
package struct LoadLimits: Sendable, Equatable {
    /// While something waits to be committed, a commit ends at least so often.
    package var commitSecondsMax: Int
    /// Units of work that wait for the writer.
    package var commitsWaitingMax: Int
    /// Mails whose actions are due.
    package var actionsWaitingMax: Int

    package init(commitSecondsMax: Int, commitsWaitingMax: Int, actionsWaitingMax: Int) {
        self.commitSecondsMax = commitSecondsMax
        self.commitsWaitingMax = commitsWaitingMax
        self.actionsWaitingMax = actionsWaitingMax
    }
}

/// How things stand at one moment.
package struct Load: Sendable, Equatable {
    /// Commits that have ended since the start.
    package var commitsEnded: Int
    /// Whether the last of them failed whole: the store refuses.
    package var isRefused: Bool
    package var commitsWaiting: Int
    /// May be counted no further than one beyond its limit.
    package var actionsWaiting: Int

    package init(
        commitsEnded: Int, isRefused: Bool = false, commitsWaiting: Int, actionsWaiting: Int
    ) {
        self.commitsEnded = commitsEnded
        self.isRefused = isRefused
        self.commitsWaiting = commitsWaiting
        self.actionsWaiting = actionsWaiting
    }
}

/// Decides whether mail is taken at the load that there is: not from the moment that a limit is
/// passed until everything has been below half of its limit for a while, so that the answer does
/// not change with every mail.
package struct LoadShedding: Sendable {
    package enum Cause: String, Sendable {
        case commitsRefused = "commits fail"
        case commitsSlow = "commits are slow"
        case commitsWaiting = "too much waits to be committed"
        case actionsWaiting = "too many mails wait for their actions"
    }

    /// How long all has to be calm.
    package static let calmMilliseconds: Int64 = 5_000

    private let limits: LoadLimits
    /// Why no mail is taken; nil while it is.
    package private(set) var cause: Cause?
    private var commitsEnded = 0
    /// When a commit was last seen to end, or nothing waited for one.
    private var flowsSince: Int64
    /// How long the last commit let those wait who waited.
    private var gap: Int64 = 0
    private var calmSince: Int64?

    /// Times are milliseconds of a clock that never goes back.
    package init(_ limits: LoadLimits, at now: Int64) {
        self.limits = limits
        flowsSince = now
    }

    /// Takes note of the load; says whether the answer has changed.
    package mutating func note(_ load: Load, at now: Int64) -> Bool {
        if load.commitsWaiting == 0 || load.commitsEnded != commitsEnded {
            gap = load.commitsWaiting == 0 ? 0 : now - flowsSince
            flowsSince = now
        }
        commitsEnded = load.commitsEnded
        let before = cause
        if let found = excess(load, at: now) {
            calmSince = nil
            cause = cause ?? found
        } else if isCalm(load, at: now) {
            calmSince = calmSince ?? now
            if let calmSince, now - calmSince >= Self.calmMilliseconds { cause = nil }
        } else {
            calmSince = nil
        }
        return cause != before
    }

    private func excess(_ load: Load, at now: Int64) -> Cause? {
        if load.isRefused { return .commitsRefused }
        if now - flowsSince > Int64(limits.commitSecondsMax) * 1_000 { return .commitsSlow }
        if load.commitsWaiting > limits.commitsWaitingMax { return .commitsWaiting }
        if load.actionsWaiting > limits.actionsWaitingMax { return .actionsWaiting }
        return nil
    }

    private func isCalm(_ load: Load, at now: Int64) -> Bool {
        max(gap, now - flowsSince) <= Int64(limits.commitSecondsMax) * 500
            && load.commitsWaiting <= limits.commitsWaitingMax / 2
            && load.actionsWaiting <= limits.actionsWaitingMax / 2
    }
}
