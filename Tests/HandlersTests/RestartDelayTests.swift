import MailModel
import TestSupport
import Testing

// `@testable`: when a process is started again is the pool's affair alone.
@testable import Handlers

@Suite struct RestartDelayTests {
    /// After so many failures in a row, whole seconds until the next start.
    @Test(arguments: [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (100, 60)])
    func growsWithEachFailure(_ failures: Int, _ seconds: Int64) {
        let time = ManualTime()
        var delay = RestartDelay()
        for number in 0..<failures { delay.failed(because: "\(number)", at: time.now()) }
        #expect(delay.seconds(at: time.now()) == seconds)
        #expect(delay.reason == (failures > 0 ? "\(failures - 1)" : ""))
        time.advance(seconds: seconds)
        #expect(delay.seconds(at: time.now()) == 0)
    }

    @Test func anAnswerEndsIt() {
        let time = ManualTime()
        var delay = RestartDelay()
        for _ in 0..<9 { delay.failed(because: "", at: time.now()) }
        delay.answered()
        #expect(delay.seconds(at: time.now()) == 0)
        delay.failed(because: "", at: time.now())
        #expect(delay.seconds(at: time.now()) == 0)
    }

    @Test func partsOfSecondsCountAsWholeOnes() {
        let start = Timestamp(milliseconds: 5_000)
        var delay = RestartDelay()
        for _ in 0..<3 { delay.failed(because: "", at: start) }
        #expect(delay.seconds(at: Timestamp(milliseconds: 6_999)) == 1)
        #expect(delay.seconds(at: Timestamp(milliseconds: 7_000)) == 0)
    }

    @Test func aClockThatIsSetBackHoldsUpNothing() {
        let start = Timestamp(milliseconds: 5_000)
        var delay = RestartDelay()
        for _ in 0..<9 { delay.failed(because: "", at: start) }
        #expect(delay.seconds(at: Timestamp(milliseconds: 4_999)) == 0)
    }
}
