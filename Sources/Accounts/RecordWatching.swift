import MailModel
import Storage

/// What a look at published records changes: the table above `IdentityRecord`, for all that is
/// watched.
enum RecordWatching {
    /// SES: records that are not there are looked for this long, and what was verified and is gone
    /// keeps its status as long.
    static let graceSeconds: Int64 = 72 * 3_600
    private static let dailySeconds: Int64 = 24 * 3_600
    /// No look is planned for later than this.
    static let secondsAheadMax = dailySeconds + 60
    private static let pendingSecondsMin: Int64 = 60
    private static let secondsBetweenMax: Int64 = 3_600

    /// `watch` after `check`.
    static func outcome(of check: IdentityCheck, for watch: RecordWatch) -> RecordWatch {
        var next = watch
        next.lastCheck = check
        if check.error == nil { next.lastSuccessAt = check.at }
        next.status = status(after: check, of: watch)
        if next.status != watch.status { next.since = check.at }
        next.nextCheckAt = nextCheck(of: next, after: check)
        return next
    }

    /// Whether a look is due, or planned so late that the clock was set back since.
    static func isDue(_ due: Timestamp?, at now: Timestamp) -> Bool {
        guard let due else { return false }
        return due <= now || due > now.advanced(bySeconds: secondsAheadMax)
    }

    private static func status(
        after check: IdentityCheck, of watch: RecordWatch
    ) -> IdentityRecord.Status {
        guard let error = check.error else { return .success }
        // Two looks in a row, so that a clock that is wrong for a moment decides nothing.
        let end = watch.since.advanced(bySeconds: graceSeconds)
        let isOver = check.at >= end && watch.lastCheck.map { $0.at >= end } ?? false
        switch watch.status {
        case .pending, .notStarted: return isOver ? .failed : .pending
        case .success: return error.isDefinite ? .temporaryFailure : .success
        case .temporaryFailure: return error.isDefinite && isOver ? .failed : .temporaryFailure
        case .failed: return .failed
        }
    }

    private static func nextCheck(of watch: RecordWatch, after check: IdentityCheck) -> Timestamp? {
        let seconds: Int64
        switch watch.status {
        case .failed, .notStarted: return nil
        case .success where check.error == nil: seconds = dailySeconds
        case .success, .temporaryFailure: seconds = secondsBetweenMax
        case .pending:
            let elapsed = (check.at.milliseconds - watch.since.milliseconds) / 1_000
            seconds = min(max(elapsed, pendingSecondsMin), secondsBetweenMax)
        }
        return check.at.advanced(bySeconds: seconds)
    }
}
