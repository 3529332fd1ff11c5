import MailAuthentication
import MailModel
import TestSupport
import Testing

/// The field that says what was found, and those of others that claim to be ours.
@Suite struct AuthenticationResultsTests {
    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test func isWrittenAndReadAgain() throws {
        let results = AuthenticationResults(
            "mx.ours.example",
            [
                AuthenticationResults.Method(
                    "spf", "pass", reason: "a \"reason\"; with\\all",
                    [.init("smtp", "mailfrom", "ada@sender.example")]),
                AuthenticationResults.Method(
                    "dkim", "fail", comment: "2048-bit key",
                    [.init("header", "i", "@sender.example"), .init("header", "b", "abc/+=")]),
            ])
        let read = try AuthenticationResults(parsing: bytes(results.text))
        #expect(read == results)
        #expect(results.text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 })
        let none = AuthenticationResults("mx.ours.example")
        #expect(none.field == "Authentication-Results: mx.ours.example; none")
        #expect(try AuthenticationResults(parsing: bytes(" mx.ours.example; none")) == none)
    }

    @Test(
        "P1: nothing from the wire ends a field",
        arguments: ["a\r\nBcc: x@y.example", "a\u{0}b", "a;dkim=pass", "a\")(", "\\", "a\u{2028}b"])
    func valuesAreEscaped(_ value: String) throws {
        let results = AuthenticationResults(
            "mx.ours.example",
            [
                AuthenticationResults.Method(
                    "spf", "pass", comment: value, reason: value,
                    [.init("smtp", "mailfrom", value), .init("smtp", "helo", "\(value)@a.example")])
            ])
        let lines = results.field.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") })
        #expect(
            results.field.replacing("\r\n", with: "").unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F
            })
        let read = try AuthenticationResults(parsing: bytes(results.text))
        #expect(read.methods.map(\.name) == ["spf"])
        #expect(read.methods.first?.properties.count == 2)
    }

    /// RFC 5322 §2.1.1: no line is longer than 998 bytes, whatever a client calls itself.
    @Test(arguments: [10, 200, 255])
    func linesOfReceivedSPFHaveRoom(_ length: Int) throws {
        let name =
            String(repeating: "abcdefghij.", count: 23).prefix(min(length, 240)) + "x.example"
        let address = try #require(IPAddress("2001:db8:1111:2222:3333:4444:5555:6666"))
        let local = String(repeating: "l", count: length)
        let from = "\(local)@\(name)"
        let sender = SPFSender(
            address, helo: String(repeating: "h", count: length), mailFrom: from)
        let field = ReceivedSPF(
            SPFOutcome(.softfail, .noDomain, sender), envelopeFrom: from
        ).field
        let lines = field.split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") })
        #expect((lines.count == 1) == (length == 10))
    }

    /// A client may greet in UTF-8 and then send a mail that is none of RFC 6531.
    @Test func receivedSPFIsASCIIWhateverTheGreeting() throws {
        let address = try #require(IPAddress("192.0.2.7"))
        let sender = SPFSender(address, helo: "bücher\u{202E}.example", mailFrom: "")
        let field = ReceivedSPF(SPFOutcome(.none, .noDomain, sender), envelopeFrom: "").field
        #expect(field.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        #expect(field.contains("b?cher?.example"))
    }

    static let ours = [
        "mx.ours.example; dkim=pass", " MX.Ours.Example; dkim=pass", "mx.ours.example 1; none",
        "\r\n mx.ours.example;\r\n dkim=pass", "(c) mx.ours.example (d) ; spf=pass",
        "\"mx.ours.example\"; dkim=pass", "mx.ours.example", "mx.ours.example.; dkim=pass",
        "mx.ours.example/1; dkim=pass", "(a (b) \\) c) mx.ours.example; x=y",
        "auth.ours.example; dkim=pass",
        // Whose it is cannot be told: others may tell it to be ours.
        "", "(unended mx.ours.example; dkim=pass", "\"mx.ours.example; dkim=pass", ";",
        "mx.ours.example:25; dkim=pass", "mx.ours.example?; dkim=pass", "mx.ours.example!; x=y",
        "mx.ours.example@evil; dkim=pass", "<mx.ours.example>; dkim=pass", "\"\"; dkim=pass",
        "mx.ours.example\\; dkim=pass", "mx.ours.example..; dkim=pass", "\"mx.ours.example;\"; x=y",
        "mx.ours.example\u{3002}; dkim=pass", "mx\u{3002}ours.example.; dkim=pass",
        "mx.ours.example\u{A0}; dkim=pass", "\u{FEFF}mx.ours.example; dkim=pass",
        "=?utf-8?q?mx.ours.example?=; dkim=pass", "mx.ours=?utf-8?q?.example?=; dkim=pass",
        "(=?utf-8?q?=29mx.ours.example=3B?=) theirs.example; none",
        "(; =?utf-8?q?=29mx.ours.example=3B?=) theirs.example; none",
    ]

    @Test("P2: what claims to be ours is forged", arguments: ours)
    func knowsForged(_ body: String) {
        let forged = ForgedResults(ofOurs: ["mx.ours.example", "auth.ours.example"])
        #expect(forged.isForged(bytes(body)))
    }

    @Test(arguments: [
        "mx.theirs.example; dkim=pass", "xmx.ours.example; none", "mx.ours.example.net; none",
        "ours.example; none", "(mx.ours.example) theirs.example; none",
        "b\u{FC}cher.example; none", "spam_filter-1; none", "theirs.example.; none",
        "theirs.example; x=y (=?utf-8?q?a?=)",
    ])
    func leavesThoseOfOthers(_ body: String) {
        #expect(!ForgedResults(ofOurs: ["mx.ours.example"]).isForged(bytes(body)))
    }

    @Test("P2: where they stand, and where ARC's stay")
    func findsForged() {
        let forged = "AUTHENTICATION-RESULTS : mx.ours.example;\r\n dkim=pass\r\n"
        let mail =
            "A: 1\r\n\(forged)ARC-Authentication-Results: i=1; mx.ours.example; none\r\n\r\nb"
        let ranges = ForgedResults(ofOurs: ["mx.ours.example"])
            .ranges(in: MailFields(Array(mail.utf8)))
        #expect(ranges == [6..<(6 + forged.utf8.count)])
    }

    /// What consumers of SES go by is ours to say, and a first line that continues nothing would
    /// continue the last field of ours.
    @Test(
        "P2: fields of SES, and lines that would be part of ours",
        arguments: [
            ("X-SES-Spam-Verdict: PASS\r\nA: 1\r\n\r\n", [0..<26]),
            ("A: 1\r\nx-ses-virus-verdict : PASS\r\n more\r\n\r\n", [6..<41]),
            ("X-SES-RECEIPT: a\r\nX-SES-Receipt: b\r\n\r\n", [0..<18, 18..<36]),
            (" b: c\r\n\t d\r\nA: 1\r\n\r\n", [0..<12]), (" \r\nA: 1\r\n\r\n", [0..<3]),
            ("A: 1\r\n b\r\nX-SES-Other: x\r\n\r\n", [10..<26]), ("", []), (" a", [0..<2]),
            ("X-SESSION: x\r\nX-Received-SPF: pass\r\n\r\n", []),
            ("received-spf: pass\r\nReturn-Path : <a@b.example>\r\n\r\n", [0..<20, 20..<49]),
        ] as [(String, [Range<Int>])])
    func findsFieldsOfOurs(_ mail: String, _ ranges: [Range<Int>]) {
        #expect(
            ForgedResults(ofOurs: ["mx.ours.example"]).ranges(in: MailFields(Array(mail.utf8)))
                == ranges)
    }
}
