import Feedback
import MailModel

/// Mails of these tests, written with the line ends of Unix.
enum Mails {
    static func read(_ text: String) -> MailFeedback {
        MailFeedback.read(MIMEMessage(Array(text.utf8)))
    }

    static func delivery(_ text: String) -> DeliveryReport? {
        guard case .delivery(let report) = read(text) else { return nil }
        return report
    }

    /// A notification by RFC 3464, with these fields.
    static func notification(_ fields: String, prose: String = "Sorry.") -> String {
        """
        From: <MAILER-DAEMON@mx.example>
        To: <sender@sender.example>
        Subject: Delivery report
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="="

        --=
        Content-Type: text/plain

        \(prose)

        --=
        Content-Type: message/delivery-status

        \(fields)

        --=
        Content-Type: text/rfc822-headers

        From: <sender@sender.example>
        To: <list@a.example>
        Message-ID: <1@sender.example>
        Subject: Hello

        --=--

        """
    }

    /// A bounce in prose.
    static func prose(
        _ text: String, from: String = "MAILER-DAEMON@mx.example",
        subject: String = "failure notice"
    ) -> String {
        """
        Return-Path: <>
        From: \(from)
        To: sender@sender.example
        Subject: \(subject)

        \(text)
        """
    }
}
