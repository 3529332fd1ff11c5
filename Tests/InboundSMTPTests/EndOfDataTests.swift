import InboundSMTP
import SMTPProtocol
import Synchronization
import Testing

/// S9: what other servers have taken, or might take, for the end of a mail. Behind each stand the
/// commands of a second mail, which must stay a part of the first.
@Suite struct EndOfDataTests {
    static let ends = [
        // CR and LF alone, in each place of the end.
        "\n.\n", "\r.\r", "\r.\n", "\n.\r", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r",
        "\n\n.\n", "\n\n.\n\n", "\r\r.\r\r", "\r\r.\r\n", "\r\n.\r\r\n", "\r\n.\n\r\n",
        "\r\n\r.\r\n", "\r\n\n.\r\n", "\n\r\n.\n", "\r\r\n.\n", "\n\r.\n\r", "\r\n.\r.\r\n",
        "\r\n.\n.\r\n", "\r\n.\n\r.\r\n",
        // NUL and other characters within it.
        "\r\n\0.\r\n", "\r\n.\0\r\n", "\0\r\n.\0\r\n", "\r\0\n.\r\0\n", "\r\n.\r\0\n",
        "\r\n.\u{B}\r\n", "\r\n.\u{C}\r\n", "\r\n\u{8}.\r\n", "\r\n.\u{7F}\r\n", "\r\n.\u{1A}\r\n",
        // Spaces, more dots, and what looks like a dot.
        "\r\n. \r\n", "\r\n .\r\n", "\r\n.\t\r\n", "\r\n..\r\n", "\r\n...\r\n", "\r \n.\r \n",
        "\r\n\u{FF0E}\r\n", "\r\n\u{2024}\r\n", "\r\n.\u{A0}\r\n",
        // Line ends of other worlds, and written ones.
        "\u{85}.\u{85}", "\u{2028}.\u{2028}", "\u{2029}.\u{2029}", "=0D=0A.=0D=0A",
        "%0D%0A.%0D%0A", "\\r\\n.\\r\\n", "\r\n.=\r\n",
    ]

    private static let envelope =
        "HELO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<a@ours.test>\r\n"
    private static let inner =
        "MAIL FROM:<evil@b.test>\r\nRCPT TO:<a@ours.test>\r\nDATA\r\nevil\r\n"

    @Test func thereAreManyOfThem() {
        #expect(Set(Self.ends).count >= 30)
    }

    private func isBare(_ end: String) -> Bool {
        let rest = end.replacing("\r\n", with: "")
        return rest.utf8.contains(13) || rest.utf8.contains(10)
    }

    private struct Outcome: Equatable {
        var codes: [String]
        var mails: [String]
    }

    private func outcome(
        of input: String, _ policy: BareLineEndPolicy, chunk: Int
    ) -> Outcome {
        var settings = SessionSettings(hostname: "mx.ours.test")
        settings.bareLineEnds = policy
        let receiver = ScriptedReceiver()
        var driver = SessionDriver(settings: settings, receiver: receiver)
        driver.start()
        driver.feed(Array(input.utf8), chunk: chunk)
        return Outcome(
            codes: driver.text.split(separator: "\r\n").map { String($0.prefix(3)) },
            mails: receiver.mails.withLock { $0 }.map { String(decoding: $0, as: UTF8.self) })
    }

    /// One mail, or none where it is refused for its line ends; never two.
    private func check(
        _ outcome: Outcome, _ end: String, _ policy: BareLineEndPolicy, before: [String]
    ) {
        let isRefused = policy == .refuse && isBare(end)
        #expect(outcome.codes == before + [isRefused ? "550" : "250", "221"])
        #expect(outcome.mails.count == (isRefused ? 0 : 1))
        for mail in outcome.mails {
            #expect(mail.contains("MAIL FROM:<evil@b.test>\r\n"))
            #expect(!isBare(mail))
        }
    }

    @Test(arguments: ends, BareLineEndPolicy.allCases)
    func endsNoData(_ end: String, _ policy: BareLineEndPolicy) {
        let input = Self.envelope + "DATA\r\ntext" + end + Self.inner + ".\r\nQUIT\r\n"
        for chunk in [1_000, 1, 2, 3] {
            let outcome = outcome(of: input, policy, chunk: chunk)
            check(outcome, end, policy, before: ["220", "250", "250", "250", "354"])
        }
    }

    @Test(arguments: ends, BareLineEndPolicy.allCases)
    func endsNoChunk(_ end: String, _ policy: BareLineEndPolicy) {
        let mail = Array(("text" + end + Self.inner).utf8)
        let whole = "BDAT \(mail.count) LAST\r\n" + String(decoding: mail, as: UTF8.self)
        let alone = outcome(of: Self.envelope + whole + "QUIT\r\n", policy, chunk: 1_000)
        check(alone, end, policy, before: ["220", "250", "250", "250"])
        // And with the border of two chunks in each place of it. A fault is answered at the chunk
        // in which it is seen.
        for cut in 4...(4 + end.utf8.count) {
            let first = String(decoding: mail[..<cut], as: UTF8.self)
            let second = String(decoding: mail[cut...], as: UTF8.self)
            // A cut within a character cannot be written as a text.
            guard first.utf8.count == cut, second.utf8.count == mail.count - cut else { continue }
            let input =
                "BDAT \(cut)\r\n\(first)" + "BDAT \(mail.count - cut) LAST\r\n\(second)QUIT\r\n"
            let outcome = outcome(of: Self.envelope + input, policy, chunk: 7)
            #expect(outcome.mails == alone.mails, "cut at \(cut)")
            #expect(outcome.codes.count == 7 && outcome.codes.last == "221", "cut at \(cut)")
        }
    }
}
