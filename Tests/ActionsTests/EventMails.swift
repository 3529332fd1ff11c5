import MailModel
import Storage

/// Mails as senders write them, each with SES's header block before it, and what of them the
/// events must get right.
enum EventMails {
    private static func block(from: String) -> String {
        """
        Return-Path: <\(from)>\r
        Received: from mail.sender.example (unknown [192.0.2.7])\r
         by mx.demo.example with ESMTP id \(TestMail.id)\r
         for <support@demo.example>;\r
         Mon, 5 Aug 2019 21:30:02 +0000 (UTC)\r

        """
    }

    /// As judged: our fields in the block, theirs under our name gone.
    private static func judged(isScanEnabled: Bool) -> TestMail {
        let block = block(from: "ada@sender.example")
        let forged = "Authentication-Results: mx.demo.example; dmarc=pass\r\n"
        var mail = TestMail(block + forged + "From: ada@sender.example\r\n\r\nbody")
        mail.headLength = block.utf8.count
        mail.isScanEnabled = isScanEnabled
        var verdicts = VerdictRecord()
        verdicts.spf = VerdictRecord.Finding(.pass, result: "pass")
        verdicts.dkim = VerdictRecord.Finding(.gray, result: "none")
        verdicts.dmarc = VerdictRecord.Finding(.fail, result: "fail")
        verdicts.dmarcPolicy = "reject"
        verdicts.spam = VerdictRecord.Finding(.processingFailed)
        verdicts.virus = VerdictRecord.Finding(.pass)
        verdicts.headerFields =
            "Authentication-Results: mx.demo.example;\r\n spf=pass;\r\n dmarc=fail;\r\n"
        verdicts.forgedFields = [
            VerdictRecord.ByteSpan(start: 0, length: forged.utf8.count)
        ]
        mail.verdicts = verdicts
        return mail
    }

    private static func mail(_ header: String, from: String = "ada@sender.example") -> TestMail {
        var mail = TestMail(block(from: from) + header + "\r\n\r\nThe body: not a header\r\n")
        mail.from = from
        return mail
    }

    static let all: [String: TestMail] = [
        "plain": mail(
            """
            From: Ada Lovelace <ada@sender.example>\r
            To: support@demo.example\r
            Subject: This is a test\r
            Date: Mon, 5 Aug 2019 21:29:57 +0000\r
            Message-ID: <1@sender.example>\r
            MIME-Version: 1.0
            """),
        "judged": judged(isScanEnabled: false),
        "judged-scanned": judged(isScanEnabled: true),
        "nothing-but-the-block": mail("X-Empty:"),
        "null-sender": mail("From: MAILER-DAEMON@sender.example\r\nSubject: failure", from: ""),
        "folded": mail(
            """
            Subject: one\r
             two\r
            \tthree\r
             \r
              four  \r
            To:\r
             support@demo.example,\r
            \t"Smith, Bob" <bob@demo.example>\r
            X-Long: a;\r
                b
            """),
        "encoded-words": mail(
            """
            From: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= <ada@sender.example>\r
            Sender: "=?US-ASCII?Q?In_Quotes?=" <sender@sender.example>\r
            To: =?ISO-8859-1?B?Qvxjaw==?= <support@demo.example>, =?utf-8?B?w4Q=?=\r
             =?utf-8?B?w5Y=?= <bob@demo.example>\r
            Subject: =?utf-8?Q?a_b?=\r
             =?utf-8?Q?_c?= d =?x-nobody?Q?=E9?= =?utf-8?Q?cut
            """),
        "lists": mail(
            """
            From: "Doe, John" <john@sender.example>, Jane Doe <jane@sender.example>\r
            To: A Group: <one@demo.example>, two@demo.example;, three@demo.example (a, comment)\r
            CC: "Quoted Name" <four@demo.example>\r
            Cc: <five@demo.example>\r
            Bcc: six@demo.example\r
            Reply-To: <john@sender.example>, list@sender.example\r
            Sender: <secretary@sender.example>
            """),
        "twice": mail(
            """
            Subject: first\r
            X-Same: 1\r
            x-same: 2\r
            Subject: second\r
            X-Same: 1
            """),
        "not-utf-8": {
            var mail = Self.mail(
                "From: ada@sender.example\r\nSubject: caf? and <&\"\\/>\r\nX-Control: a\tb")
            if let place = mail.content.firstIndex(of: UInt8(ascii: "?")) {
                mail.content[place] = 0xE9
            }
            return mail
        }(),
        "not-a-header": mail(
            """
            Subject: kept\r
            a line without a name\r
            X-Kept: yes\r
            bad name: value
            """),
        "several-recipients": {
            var mail = Self.mail("To: Undisclosed recipients:;")
            mail.to = ["support@demo.example", "Sales+Spring@Demo.example", "\"a b\"@demo.example"]
            mail.matched = ["Sales+Spring@Demo.example"]
            mail.addedHeaders = ["X-Queue: sales", "X-Second: 2"]
            return mail
        }(),
    ]
}
