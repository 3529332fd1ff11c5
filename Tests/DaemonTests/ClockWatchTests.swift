import Logging
import MailModel
import Synchronization
import TestSupport
import Testing

// `@testable`: the watch is a detail of retention.
@testable import Daemon

@Suite struct ClockWatchTests {
    private let time = ManualTime()
    private let uptime = ManualUptime()
    private let log = CollectedLog()
    private let watch: ClockWatch

    init() {
        watch = ClockWatch(time: time, uptime: uptime, log: log.logger)
    }

    private func pass(seconds: Int64, clockSetBy jump: Int64 = 0) {
        uptime.advance(seconds: seconds)
        time.advance(seconds: seconds + jump)
    }

    @Test func trustsNothingForHoursAfterAStart() {
        #expect(watch.trustedNow() == nil)
        pass(seconds: 10_799)
        #expect(watch.trustedNow() == nil)
        pass(seconds: 1)
        #expect(watch.trustedNow() == time.now())
        #expect(log.lines.isEmpty)
    }

    /// D5: 40 days forward, hours, or back: nothing is removed by such a clock, nor soon after.
    @Test(arguments: [
        (3_456_000, false), (18_000, false), (301, false), (300, true), (-300, true),
        (-301, false), (-3_456_000, false),
    ])
    func waitsAfterAJump(seconds: Int64, isTrusted: Bool) {
        pass(seconds: 20_000)
        #expect(watch.trustedNow() != nil)
        pass(seconds: 60, clockSetBy: seconds)
        #expect((watch.trustedNow() != nil) == isTrusted)
        #expect(log.lines.count == (isTrusted ? 0 : 1))
        pass(seconds: 10_799)
        #expect((watch.trustedNow() != nil) == isTrusted)
        // Once for each jump.
        #expect(log.lines.count == (isTrusted ? 0 : 1))
        pass(seconds: 1)
        #expect(watch.trustedNow() == time.now())
    }

    /// A start says nothing of the clock; a jump does, at once, for three hours.
    @Test func saysThatTheClockWasSet() {
        #expect(!watch.wasSet())
        pass(seconds: 60, clockSetBy: 345_600)
        #expect(watch.wasSet())
        pass(seconds: 10_799)
        #expect(watch.wasSet())
        pass(seconds: 1)
        #expect(!watch.wasSet())
    }

    /// Set right again, it waits anew.
    @Test func aJumpBackIsAJump() {
        pass(seconds: 20_000)
        pass(seconds: 0, clockSetBy: 3_456_000)
        #expect(watch.trustedNow() == nil)
        pass(seconds: 10_000, clockSetBy: -3_456_000)
        #expect(watch.trustedNow() == nil)
        pass(seconds: 10_799)
        #expect(watch.trustedNow() == nil)
        #expect(log.lines.count == 2)
    }

    /// Many small steps are one large one.
    @Test func addsUpSmallSteps() {
        pass(seconds: 20_000)
        for _ in 0..<5 {
            pass(seconds: 60, clockSetBy: 60)
            #expect(watch.trustedNow() != nil)
        }
        pass(seconds: 60, clockSetBy: 1)
        #expect(watch.trustedNow() == nil)
    }
}

private final class ManualUptime: Uptime {
    private let current = Mutex<Int64>(0)

    func milliseconds() -> Int64 { current.withLock { $0 } }

    func advance(seconds: Int64) { current.withLock { $0 += seconds * 1_000 } }
}
