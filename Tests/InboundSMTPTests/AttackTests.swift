import InboundSMTP
import NIOCore
import SMTPProtocol
import Synchronization
import Testing

/// Attacks on a session that are too long, or take too much time, for a golden dialog.
@Suite struct AttackTests {
    private static let envelope =
        "HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<a@ours.test>\r\n"

    private func driver(
        _ receiver: ScriptedReceiver = ScriptedReceiver(),
        _ change: (inout SessionSettings) -> Void = { _ in }
    ) -> SessionDriver {
        var settings = SessionSettings(hostname: "mx.ours.test")
        change(&settings)
        var driver = SessionDriver(settings: settings, receiver: receiver)
        driver.start()
        return driver
    }

    private func lastReply(_ driver: SessionDriver) -> String {
        driver.text.split(separator: "\r\n").last.map(String.init) ?? ""
    }

    // MARK: Chunks

    /// S6: whoever sends a mail in crumbs is sent away long before a million of them.
    @Test(arguments: [
        ("BDAT 1\r\nx", 101, "421 4.7.0 Too many commands without a mail"),
        ("BDAT 0\r\n", 101, "421 4.7.0 Too many commands without a mail"),
        ("BDAT 0 LAST\r\n", 21, "421 4.7.0 Too many errors"),
    ])
    func s6EndsASessionOfCrumbs(_ crumb: String, _ repliesMax: Int, _ last: String) {
        var driver = driver { $0.limits.errorDelaySecondsMax = 0 }
        driver.feed(Self.envelope)
        let before = driver.text.utf8.count
        var fed = 0
        while !driver.isClosed, fed < 1_000_000 {
            driver.feed(crumb)
            fed += 1
        }
        #expect(fed <= repliesMax)
        #expect(lastReply(driver) == last)
        #expect(driver.text.utf8.count - before < 10_000)
    }

    /// S7: sizes that are none end the session, since nobody knows where their bytes end.
    @Test(arguments: [
        "-1", "+1", "0x10", "1e3", "1.5", "9223372036854775808", "18446744073709551616",
        "99999999999999999999", "000000000000000000001", "1,2", "１", "", "LAST", "LAST 1",
    ])
    func s7RefusesSizes(_ size: String) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "BDAT \(size)\r\nQUIT\r\n")
        #expect(driver.isClosed)
        #expect(driver.text.contains("501 5.5.4 Syntax: BDAT size [LAST]\r\n421 4.5.4 "))
        #expect(receiver.mails.withLock { $0.isEmpty })
    }

    /// S7: zeros before a size mean nothing, and twenty digits are read.
    @Test(arguments: ["3", "03", "00000000000000000003"])
    func s7TakesSizes(_ size: String) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "BDAT \(size) LAST\r\nx\r\nQUIT\r\n")
        #expect(driver.text.hasSuffix("221 2.0.0 Bye\r\n"))
        #expect(receiver.mails.withLock { $0 } == [Array("x\r\n".utf8)])
    }

    /// S7: the largest chunk that can be said is read up to three times the limit of a mail.
    @Test func s7BoundsTheLargestChunk() {
        var driver = driver { $0.limits.mailBytesMax = 10_000 }
        driver.feed(Self.envelope + "BDAT \(Int.max)\r\n")
        let fed = feedUntilClosed(&driver, upTo: 1_000_000)
        #expect(fed <= 32_000)
        #expect(lastReply(driver) == "421 4.3.4 Mail is far larger than the limit")
    }

    /// S7: a mail whose last chunk never comes leaves nothing.
    @Test(arguments: [
        ("QUIT\r\n", "221 2.0.0 Bye"), ("RSET\r\n", "250 2.0.0 Ok"),
        ("DATA\r\n", "503 5.5.1 BDAT chunks are open: send BDAT LAST or RSET"),
        ("MAIL FROM:<c@b.test>\r\n", "503 5.5.1 A mail transaction is open already"),
        ("HELO c.test\r\n", "250 mx.ours.test"),
    ])
    func s7LeavesNothingOfAMailWithoutItsLastChunk(_ command: String, _ reply: String) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "BDAT 3\r\nx\r\n" + command)
        #expect(lastReply(driver) == reply)
        driver.disconnect()
        #expect(receiver.mails.withLock { $0.isEmpty })
        #expect(receiver.abandoned.withLock { $0 } == 1)
    }

    // MARK: What is thrown away

    /// Feeds 1,000 bytes at a time until the session ends; says how many bytes it took.
    private func feedUntilClosed(_ driver: inout SessionDriver, upTo bytesMax: Int) -> Int {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000)
        var fed = 0
        while !driver.isClosed, fed < bytesMax {
            driver.feed(piece)
            fed += piece.count
        }
        return fed
    }

    /// S8 and S16: what nobody will ever want is read for a while, and then the session ends.
    @Test(arguments: [
        ("an endless command", "", 270_000), ("an endless mail", "DATA\r\n", 32_000),
        ("a mail that is too large", "DATA\r\n" + String(repeating: "x", count: 10_001), 32_000),
        ("a mail with a bare line feed", "DATA\r\n\n", 32_000),
        ("a chunk without a recipient", "RSET\r\nBDAT 10000000000\r\n", 32_000),
        ("a chunk that is too large", "BDAT 10000000000 LAST\r\n", 32_000),
    ])
    func s8BoundsWhatIsThrownAway(_ what: String, _ input: String, _ bytesMax: Int) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver) { $0.limits.mailBytesMax = 10_000 }
        driver.feed(Self.envelope + input)
        #expect(feedUntilClosed(&driver, upTo: 2_000_000) <= bytesMax)
        #expect(lastReply(driver).hasPrefix("421 4.3.4 "))
        #expect(receiver.mails.withLock { $0.isEmpty })
    }

    /// S16: recipients beyond the limit are told so a thousand times, then they are errors.
    @Test func s16EndsASessionOfEndlessRecipients() {
        var driver = driver { $0.limits.errorDelaySecondsMax = 0 }
        driver.feed(Self.envelope)
        var asked = 0
        while !driver.isClosed, asked < 100_000 {
            driver.feed("RCPT TO:<u\(asked)@ours.test>\r\n")
            asked += 1
        }
        #expect(asked == 99 + 1_000 + 20)
        #expect(
            driver.text.hasSuffix(
                "452 4.5.3 Too many recipients\r\n421 4.7.0 Too many errors\r\n"))
    }

    /// A mail that was taken forgives them, so that a large list may come in several mails.
    @Test func recipientsBeyondTheLimitAreForgottenWithAMail() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver) { $0.limits.recipientsMax = 1 }
        driver.feed("HELO c.test\r\n")
        for _ in 0..<3 {
            driver.feed("MAIL FROM:<a@b.test>\r\n")
            for number in 0..<900 { driver.feed("RCPT TO:<u\(number)@ours.test>\r\n") }
            driver.feed("DATA\r\nx\r\n.\r\n")
        }
        #expect(receiver.mails.withLock { $0.count } == 3)
        #expect(!driver.isClosed)
    }

    // MARK: Time

    /// S17: a byte now and then keeps no session open. Each row: what is sent first, the byte that
    /// is sent every 30 seconds, and when the session has to be over.
    @Test(arguments: [
        ("before a command", "", "x", Int64(300)),
        ("within a mail", envelope + "DATA\r\n", "x", 631),
        ("after the invitation to send a mail", envelope + "DATA\r\n", "", 181),
        ("within a chunk", envelope + "BDAT 1000000 LAST\r\n", "x", 631),
        ("within a chunk that is refused", "HELO c.test\r\nBDAT 1000000 LAST\r\n", "x", 631),
        ("between chunks", envelope + "BDAT 3\r\nx\r\n", "", 301),
        ("within a command between chunks", envelope + "BDAT 3\r\nx\r\n", "N", 301),
    ])
    func s17EndsASessionThatDrips(_ place: String, _ input: String, _ byte: String, _ end: Int64) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(input)
        var seconds: Int64 = 0
        while !driver.isClosed, seconds < 10_000 {
            driver.pass(seconds: 30)
            seconds += 30
            driver.feed(byte)
        }
        #expect(driver.isClosed && seconds <= end + 29, "\(seconds) s")
        #expect(lastReply(driver).hasPrefix("421 4.4.2 "))
        #expect(receiver.mails.withLock { $0.isEmpty })
    }

    /// S17: as many commands as one likes, each in time, end by their number.
    @Test func s17EndsASessionThatOnlyTalks() {
        var driver = driver()
        var asked = 0
        while !driver.isClosed, asked < 10_000 {
            driver.pass(seconds: 290)
            driver.feed("NOOP\r\n")
            asked += 1
        }
        #expect(asked == 101)
    }

    // MARK: Others' languages

    /// S20: requests of HTTP end the session at their first line; what follows is not read.
    @Test(arguments: [
        "GET / HTTP/1.1", "POST /x HTTP/1.0", "PUT / HTTP/1.1", "HEAD / HTTP/1.1",
        "OPTIONS * HTTP/1.1", "DELETE /a HTTP/1.1", "PATCH / HTTP/1.1", "TRACE / HTTP/1.1",
        "CONNECT mx.ours.test:25 HTTP/1.1", "PRI * HTTP/2.0",
    ])
    func s20EndsAtHTTP(_ line: String) {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(
            "\(line)\r\nHost: mx.ours.test\r\n\r\n" + Self.envelope + "DATA\r\nx\r\n.\r\nQUIT\r\n")
        #expect(driver.text == "220 mx.ours.test ESMTP Martlet\r\n421 4.5.2 This is SMTP\r\n")
        #expect(receiver.mails.withLock { $0.isEmpty })
    }
}
