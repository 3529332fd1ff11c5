import Logging
import MailModel
import Synchronization

/// Whether the machine's clock can be trusted with what cannot be undone: it is compared with a
/// count that nobody sets. After a jump, and after the start of this process, which knows nothing of
/// the time before, it must go steadily for a while.
final class ClockWatch: Sendable {
    /// The two clocks may part by this much before the wall clock counts as set.
    static let jumpMillisecondsMax: Int64 = 300_000
    /// How long the clock must have gone steadily to be trusted.
    static let steadyMillisecondsMin: Int64 = 10_800_000

    private struct Reference {
        var wall: Timestamp
        var uptimeMilliseconds: Int64
        /// It is from a jump, and not from the start.
        var isJump = false
    }

    private let time: any TimeSource
    private let uptime: any Uptime
    private let log: Logger
    /// Where the wall clock has gone steadily from.
    private let reference: Mutex<Reference>

    init(time: any TimeSource, uptime: any Uptime, log: Logger) {
        self.time = time
        self.uptime = uptime
        self.log = log
        reference = Mutex(
            Reference(wall: time.now(), uptimeMilliseconds: uptime.milliseconds()))
    }

    /// The time, where it can be trusted; nil where it cannot yet. Logs each jump once.
    func trustedNow() -> Timestamp? {
        let look = look()
        return look.isSteady ? look.wall : nil
    }

    /// Whether the clock was set a while ago, as far as this process has seen. Logs as above.
    func wasSet() -> Bool {
        let look = look()
        return look.isJump && !look.isSteady
    }

    private func look() -> (wall: Timestamp, isSteady: Bool, isJump: Bool) {
        let (wall, up) = (time.now(), uptime.milliseconds())
        let (jump, steady, isJump) = reference.withLock { reference in
            let steady = up - reference.uptimeMilliseconds
            let jump = wall.milliseconds - reference.wall.milliseconds - steady
            guard abs(jump) > Self.jumpMillisecondsMax else {
                return (Int64(0), steady, reference.isJump)
            }
            reference = Reference(wall: wall, uptimeMilliseconds: up, isJump: true)
            return (jump, Int64(0), true)
        }
        if jump != 0 {
            log.error(
                "the clock was set; nothing is removed or sent back for its age until it has been steady",
                metadata: [
                    "bySeconds": "\(jump / 1_000)",
                    "steadySeconds": "\(Self.steadyMillisecondsMin / 1_000)",
                ])
        }
        return (wall, steady >= Self.steadyMillisecondsMin, isJump)
    }
}

/// The port through which time that nobody sets comes in, so that tests own it.
protocol Uptime: Sendable {
    /// Since some moment that stays the same for the process; goes on while the machine sleeps.
    func milliseconds() -> Int64
}
