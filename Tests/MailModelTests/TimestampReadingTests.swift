import MailModel
import Testing

@Suite struct TimestampReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        /// As we write it; nil: it names no time.
        var time: String?

        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: "Mon, 21 Sep 2026 14:13:20 +0000", time: "Mon, 21 Sep 2026 14:13:20 +0000"),
        Case(text: "Mon, 21 Sep 2026 10:13:20 -0400", time: "Mon, 21 Sep 2026 14:13:20 +0000"),
        Case(text: "21 sep 2026 14:13", time: "Mon, 21 Sep 2026 14:13:00 +0000"),
        Case(
            text: "Tue,\r\n 1 Mar 2026 00:30:00 +0130 (x (y) z)",
            time: "Sat, 28 Feb 2026 23:00:00 +0000"),
        Case(text: "29 Feb 2024 23:59:60 GMT", time: "Thu, 29 Feb 2024 23:59:59 +0000"),
        Case(text: "1 Jan 70 00:00:00 EST", time: "Thu, 1 Jan 1970 05:00:00 +0000"),
        Case(text: "1 Jan 26 00:00:00 Z", time: "Thu, 1 Jan 2026 00:00:00 +0000"),
        Case(text: "1 Jan 126 00:00:00", time: "Thu, 1 Jan 2026 00:00:00 +0000"),
        Case(text: "1 January 2026 00:00:00 +0000", time: "Thu, 1 Jan 2026 00:00:00 +0000"),
        Case(text: "31 Dec 9998 23:59:59 +0000", time: "Thu, 31 Dec 9998 23:59:59 +0000"),
        Case(text: "31 Dec 9999 23:59:59 +0000"), Case(text: "1 Jan 1899 00:00:00 +0000"),
        Case(text: ""), Case(text: "Mon,"), Case(text: "now"), Case(text: "0 Jan 2026 00:00:00"),
        Case(text: "32 Jan 2026 00:00:00"), Case(text: "1 Foo 2026 00:00:00"),
        Case(text: "1 Jan 2026 24:00:00"), Case(text: "1 Jan 2026 00:60:00"),
        Case(text: "1 Jan 2026 00:00:61"), Case(text: "1 Jan 2026 00"),
        Case(text: "1 Jan 2026 00:00:00:00"), Case(text: "2026-01-01T00:00:00Z"),
        Case(text: "(1 Jan 2026 00:00:00"), Case(text: "1 Jan 20261 00:00:00"),
    ])
    func reads(_ test: Case) {
        #expect(Timestamp(rfc5322: test.text)?.rfc5322Text == test.time)
    }

    @Test(
        arguments: Array(
            stride(from: -2_000_000_000, through: 30_000_000_000, by: 1_234_567_891)))
    func readsWhatItWrites(_ seconds: Int) {
        let time = Timestamp(milliseconds: Int64(seconds) * 1_000)
        #expect(Timestamp(rfc5322: time.rfc5322Text) == time)
    }
}
