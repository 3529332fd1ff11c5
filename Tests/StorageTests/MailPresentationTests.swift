import MailModel
import NIOCore
import Storage
import TestSupport
import Testing

/// What of a judged mail is shown in place of what is stored.
@Suite struct MailPresentationTests {
    static let head = """
        Return-Path: <ada@sender.example>\r
        Received: from client.example;\r
         Sat, 28 Nov 2026 05:00:00 +0000 (UTC)\r
        Authentication-Results: mx.ours.example; none\r
        X-SES-RECEIPT: AAAA\r

        """
    static let results =
        "Received-SPF: pass (a) \r\nAuthentication-Results: mx.ours.example;\r\n spf=pass;\r\n"

    /// The mail with `verdicts` as it is shown; `{field}` marks what is forged.
    private func shown(
        _ raw: String, head: String = head, isScanEnabled: Bool = false,
        fields: String = results, hiddenTo: Int? = nil
    ) throws -> String {
        let spool = try Spool(.sqlite)
        var verdicts = VerdictRecord()
        verdicts.headerFields = fields
        verdicts.resultsHiddenTo = hiddenTo
        verdicts.spam = VerdictRecord.Finding(.pass)
        verdicts.virus = VerdictRecord.Finding(.fail)
        var clean: [UInt8] = []
        var start = 0
        for byte in raw.utf8 {
            switch byte {
            case UInt8(ascii: "{"): start = clean.count
            case UInt8(ascii: "}"):
                verdicts.forgedFields.append(
                    VerdictRecord.ByteSpan(start: start, length: clean.count - start))
            default: clean.append(byte)
            }
        }
        let stored = ByteBuffer(bytes: Array(head.utf8) + clean)
        let mail = try spool.mail { record in
            record.headLength = head.utf8.count
            record.totalLength = stored.readableBytes
            record.verdicts = verdicts
        }
        let presentation = try #require(MailPresentation(mail.record))
        var shown = presentation.front(of: stored, isScanEnabled: isScanEnabled)
        shown.writeBytes(stored.readableBytesView.dropFirst(presentation.replacedLength))
        return String(buffer: shown)
    }

    static let start =
        "Return-Path: <ada@sender.example>\r\nReceived: from client.example;\r\n"
        + " Sat, 28 Nov 2026 05:00:00 +0000 (UTC)\r\n"
    static let end = "X-SES-RECEIPT: AAAA\r\n"

    @Test func resultsStandWhereSESHasThem() throws {
        #expect(
            try shown("Subject: a\r\n\r\nbody")
                == Self.start + Self.results + Self.end + "Subject: a\r\n\r\nbody")
        #expect(
            try shown("Subject: a\r\n\r\nbody", isScanEnabled: true)
                == Self.start + "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: FAIL\r\n"
                + Self.results + Self.end + "Subject: a\r\n\r\nbody")
    }

    @Test func withoutResultsTheBlockStays() throws {
        #expect(try shown("\r\nbody", fields: "") == Self.head + "\r\nbody")
    }

    @Test func aBlockWithoutItsFieldGetsOne() throws {
        let head = "Return-Path: <>\r\nX-SES-RECEIPT: AAAA\r\n"
        #expect(try shown("\r\n", head: head) == head + Self.results + "\r\n")
    }

    @Test("P2: fields that claim to be ours are not shown")
    func forgedFieldsAreNotShown() throws {
        let block = Self.start + Self.results + Self.end
        let forged = "{Authentication-Results: mx.ours.example; dkim=pass\r\n}"
        #expect(try shown(forged + "Subject: a\r\n\r\nb") == block + "Subject: a\r\n\r\nb")
        #expect(
            try shown("A: 1\r\n\(forged)B: 2\r\n\(forged)\(forged)\r\n\(forged.count)")
                == block + "A: 1\r\nB: 2\r\n\r\n\(forged.count)")
        // The last bytes of a mail without an end of its header section.
        #expect(try shown("A: 1\r\n{Authentication-Results: mx}") == block + "A: 1\r\n")
    }

    /// Of a mail with more of them than are listed, every field of results goes, and nothing else.
    @Test("P2: however many there are, the rest of the mail is shown as it was judged")
    func manyForgedFieldsAreNotShown() throws {
        let block = Self.start + Self.results + Self.end
        let header =
            "A: 1\r\n{X-SES-RECEIPT: a\r\n}From: a@b.example\r\nX-SES-RECEIPT: b\r\n"
            + "Subject: s\r\nAUTHENTICATION-RESULTS : theirs.example;\r\n none\r\nB: 2\r\n\r\n"
        let body = "X-SES-RECEIPT: c\r\n\r\n"
        #expect(
            try shown(header + body, hiddenTo: header.utf8.count - 2)
                == block + "A: 1\r\nFrom: a@b.example\r\nSubject: s\r\nB: 2\r\n\r\n" + body)
    }

    @Test func aMailThatWasNotJudgedIsShownAsItIs() throws {
        #expect(MailPresentation(try Spool(.sqlite).mail().record) == nil)
    }
}
