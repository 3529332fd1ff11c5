import MailModel
import TestSupport
import Testing

@Suite struct MailIDTests {
    @Test(arguments: [0, 1, 1_795_927_607_133, (1 << 48) - 1])
    func knowsItsTime(milliseconds: Int64) {
        let time = Timestamp(milliseconds: milliseconds)
        #expect(MailID(at: time, random: CountingRandom()).time == time)
    }
}
