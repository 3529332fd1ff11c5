import MailModel

/// When the next process of a worker may be started: at once, unless processes end one after
/// another without ever having answered. The first of those is replaced at once, too, the second
/// after a second, then after 2, 4 … 60 seconds.
struct RestartDelay {
    static let secondsMax: Int64 = 60

    /// Processes in a row that never answered.
    private var failures = 0
    /// How the last of them ended.
    private(set) var reason = ""
    private var lastFailure = Timestamp(milliseconds: 0)

    /// A process ended that had never answered, or could not be started.
    mutating func failed(because reason: String, at now: Timestamp) {
        failures += 1
        self.reason = reason
        lastFailure = now
    }

    mutating func answered() {
        failures = 0
    }

    /// Whole seconds, rounded up, from `now` until one may be started. A clock that was set back
    /// holds up nothing.
    func seconds(at now: Timestamp) -> Int64 {
        guard failures > 1, now >= lastFailure else { return 0 }
        let delay = min(Self.secondsMax, 1 << min(failures - 2, 6))
        let left = lastFailure.advanced(bySeconds: delay).milliseconds - now.milliseconds
        return max(0, (left + 999) / 1000)
    }
}
