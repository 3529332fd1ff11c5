import InboundSMTP
import MailFlow
import MailModel
import NIOCore
import Storage
import Synchronization
import Testing

@Suite struct SessionTests {
    private func driver(_ receiver: ScriptedReceiver = ScriptedReceiver()) -> SessionDriver {
        var settings = SessionSettings(hostname: "mx.ours.test")
        settings.isTLSOffered = true
        var driver = SessionDriver(settings: settings, receiver: receiver)
        driver.start()
        return driver
    }

    private static let envelope =
        "HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<a@ours.test>\r\n"

    @Test func refusesABlockedPeer() {
        let receiver = ScriptedReceiver(blocked: "192.0.2.9")
        let driver = driver(receiver)
        #expect(driver.text == "554 5.7.1 Access denied\r\n")
        #expect(driver.isClosed)
    }

    /// The peer sees a rule's words on one line, the log its name.
    @Test func saysWhatARuleSays() {
        var driver = driver()
        driver.feed(Self.envelope + "RCPT TO:<ruled@ours.test>\r\n")
        #expect(driver.text.hasSuffix("\r\n554 5.7.9 No bots,??250 ??\r\n"))
        let rules = driver.events.compactMap { event in
            if case .refused(_, "ruled@ours.test", let rule) = event { rule } else { nil }
        }
        #expect(rules == ["no-bots"])
    }

    /// Whom it was addressed to is not the client's error.
    @Test(arguments: [
        ("apart", "Other rules hold for this recipient"), ("crowd", "Too many recipients"),
    ])
    func sendsAwayWhoComesInAnotherMail(_ recipient: String, _ reply: String) {
        var driver = driver()
        let again = String(repeating: "RCPT TO:<\(recipient)@ours.test>\r\n", count: 100)
        driver.feed(Self.envelope + again + "DATA\r\nx\r\n.\r\n")
        #expect(driver.text.contains("452 4.5.3 \(reply)"))
        #expect(driver.text.contains("250 2.0.0 Ok: queued as 0000"))
    }

    /// What is told of a mail is the name that was known when it began.
    @Test func takesThePeersNameOnceForEachMail() {
        var driver = driver()
        driver.feed(Self.envelope + "DATA\r\nx\r\n.\r\n")
        driver.feed("MAIL FROM:<a@b.test>\r\nRCPT TO:<a@ours.test>\r\n")
        driver.feed("BDAT 1\r\nxBDAT 0 LAST\r\n")
        let names = driver.events.compactMap { event in
            if case .accepted(_, let envelope, _) = event {
                envelope.peerName.verified?.ascii
            } else {
                nil
            }
        }
        #expect(names == ["name1.test", "name2.test"])
    }

    /// Rules say the same of each recipient, and of the mail, however late it comes.
    @Test func asksByOneTimeForEachMail() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "RCPT TO:<b@ours.test>\r\nDATA\r\nx\r\n.\r\n")
        driver.feed("MAIL FROM:<a@b.test>\r\nRCPT TO:<a@ours.test>\r\nBDAT 1 LAST\r\nx")
        #expect(receiver.asked.withLock { $0.map(\.milliseconds) } == [1, 1, 1, 2, 2])
    }

    @Test func letsARunningMailFinishAtShutdown() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "DATA\r\nx\r\n")
        driver.shutDown()
        #expect(!driver.isClosed)
        driver.feed(".\r\nMAIL FROM:<a@b.test>\r\n")
        #expect(driver.isClosed)
        #expect(driver.text.contains("250 2.0.0 Ok: queued"))
        #expect(driver.text.hasSuffix("421 4.3.2 Service shutting down, try again later\r\n"))
        #expect(receiver.mails.withLock { $0.count } == 1)
    }

    @Test func sendsTheRestAwayAtShutdown() {
        var driver = driver()
        driver.feed(Self.envelope)
        driver.shutDown()
        #expect(driver.isClosed)
        #expect(driver.text.hasSuffix("421 4.3.2 Service shutting down, try again later\r\n"))
    }

    @Test func leavesNothingOfACutMail() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "DATA\r\nhalf a ma")
        driver.disconnect()
        #expect(receiver.abandoned.withLock { $0 } == 1)
        #expect(receiver.mails.withLock { $0.isEmpty })
    }

    /// A mail that fails while its peer is held up for the disk lets the peer go on to its end.
    @Test func goesOnWhereAHeldUpMailFails() {
        let receiver = ScriptedReceiver()
        receiver.isPausing.withLock { $0 = true }
        var driver = driver(receiver)
        driver.feed(Self.envelope + "DATA\r\nline\r\nbare\nline\r\n")
        driver.feed("more\r\n.\r\nQUIT\r\n")
        #expect(driver.text.contains("550 5.6.0"))
        #expect(driver.text.hasSuffix("221 2.0.0 Bye\r\n"))
    }

    /// While the disk makes a peer wait its time stands still, and goes on from there.
    @Test(arguments: [
        ("within a mail", "DATA\r\nline\r\n", Int64(180)),
        ("between chunks", "BDAT 3\r\nx\r\n", 300),
    ])
    func theDisksTimeIsNotThePeers(_ place: String, _ input: String, _ seconds: Int64) {
        let receiver = ScriptedReceiver()
        receiver.isPausing.withLock { $0 = true }
        var driver = driver(receiver)
        driver.feed(Self.envelope + input)
        driver.pass(seconds: 5_000)
        driver.drain()
        driver.pass(seconds: seconds - 1)
        #expect(!driver.isClosed)
        driver.pass(seconds: 1)
        #expect(driver.text.hasSuffix("421 4.4.2 Timeout\r\n"))
    }

    /// A peer that sent everything and then only listens gets its answers.
    @Test func answersAPeerThatOnlyListens() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "DATA\r\nx\r\n.\r\n")
        driver.endInput()
        #expect(driver.text.contains("250 2.0.0 Ok: queued"))
        #expect(driver.isClosed)
        #expect(receiver.mails.withLock { $0.count } == 1)
    }

    @Test func endsWithAPeerThatEndsWithinAMail() {
        let receiver = ScriptedReceiver()
        var driver = driver(receiver)
        driver.feed(Self.envelope + "DATA\r\nx\r\n.\r")
        driver.endInput()
        #expect(driver.isClosed)
        #expect(receiver.abandoned.withLock { $0 } == 1)
        #expect(receiver.mails.withLock { $0.isEmpty })
    }

    @Test func endsASessionOfTinyChunks() {
        var driver = driver()
        driver.feed(Self.envelope)
        for _ in 0..<200 where !driver.isClosed { driver.feed("BDAT 1\r\nx") }
        #expect(driver.text.hasSuffix("421 4.7.0 Too many commands without a mail\r\n"))
    }

    /// Random commands and bytes: any split gives the same replies, and the session ends or is
    /// still there for a QUIT.
    @Test func answersTheSameAtAnySplit() {
        var generator = SystemRandomNumberGenerator()
        let words = [
            "EHLO c.test\r\n", "HELO c.test\r\n", "MAIL FROM:<a@b.test>\r\n", "MAIL FROM:<>\r\n",
            "RCPT TO:<a@ours.test>\r\n", "RCPT TO:<a@x.test>\r\n", "DATA\r\n", ".\r\n", "x\r\n",
            "\r\n", "\n", "\r", ".", "BDAT 3\r\n", "BDAT 0 LAST\r\n", "BDAT 5 LAST\r\n", "RSET\r\n",
            "NOOP\r\n", "VRFY x\r\n", "\0", "é", "BDAT 99999999\r\n",
        ]
        for _ in 0..<1500 {
            let text = (0..<Int.random(in: 1...25, using: &generator)).map { _ in
                words.randomElement(using: &generator) ?? ""
            }.joined()
            let input = Array(text.utf8)
            let texts = [input.count, 1, 5].map { chunk in
                let receiver = ScriptedReceiver()
                var driver = driver(receiver)
                driver.feed(input, chunk: max(1, chunk))
                driver.pass(seconds: 100)
                return driver.text + "\(receiver.mails.withLock { $0 })"
            }
            #expect(texts[0] == texts[1], "\(text.debugDescription)")
            #expect(texts[0] == texts[2], "\(text.debugDescription)")
        }
    }
}
