import DeliveryQueue
import MailModel
import OutboundSMTP
import Storage

/// What is said of a mail, and what must not be.
extension ClientDialogs {
    static func offering(_ keywords: String...) -> String {
        "S: 220 mx\nC: EHLO us.example\nS: 250-mx\n"
            + keywords.dropLast().map { "S: 250-\($0)\n" }.joined()
            + "S: 250 \(keywords.last ?? "")\n= opened\n! mail\n"
    }

    static func mailbox(_ localPart: String) -> Mailbox {
        Mailbox(validatedLocalPart: localPart, domain: Domain(validatedASCII: "them.example"))
    }

    static let asked = DeliveryNotification(
        occasions: [.success, .delay], originalRecipient: "rfc822;you+2Bx@them.example",
        returned: .headers, envelopeID: "a+3Db")

    static let parameters = [
        Dialog(
            "all that was offered",
            mail: .sample(is8Bit: true, isSMTPUTF8: true, notification: asked),
            offering("SIZE 20", "8BITMIME", "SMTPUTF8", "DSN") + """
                C: MAIL FROM:<us@us.example> SIZE=20 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+3Db
                S: 250 ok
                C: RCPT TO:<you@them.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;you+2Bx@them.example
                """),
        Dialog(
            "never", mail: .sample(notification: DeliveryNotification(occasions: [])),
            offering("DSN") + """
                C: MAIL FROM:<us@us.example>
                S: 250 ok
                C: RCPT TO:<you@them.example> NOTIFY=NEVER
                """),
        Dialog(
            "no DSN", mail: .sample(notification: asked),
            offering("SIZE") + """
                C: MAIL FROM:<us@us.example> SIZE=20
                S: 250 ok
                C: RCPT TO:<you@them.example>
                """),
        Dialog(
            "REQUIRETLS", mail: .sample(tls: .verifiedOnward),
            offering("REQUIRETLS") + """
                C: MAIL FROM:<us@us.example> REQUIRETLS
                """),
        Dialog(
            "no REQUIRETLS", mail: .sample(tls: .verifiedOnward),
            offering("SIZE") + """
                = failed mail lacks requireTLS
                """),
        Dialog(
            "no SMTPUTF8", mail: .sample(isSMTPUTF8: true),
            offering("8BITMIME") + """
                = failed mail lacks smtpUTF8
                """),
        Dialog(
            "no 8BITMIME", mail: .sample(is8Bit: true),
            offering("SMTPUTF8") + """
                = failed mail lacks eightBitMIME
                """),
        Dialog("too large", offering("SIZE 19") + "= failed mail lacks size"),
        Dialog(
            "a quoted local part", mail: .sample(to: mailbox("a b>\"\\")),
            offering("SIZE 0") + """
                C: MAIL FROM:<us@us.example> SIZE=20
                S: 250 ok
                C: RCPT TO:<"a b>\\"\\\\"@them.example>
                """),
        Dialog(
            "S13: a line end in a recipient", mail: .sample(to: .broken),
            offering("DSN") + """
                = failed recipient unsendable recipient
                """),
        Dialog(
            "S13: a space in a domain",
            mail: .sample(
                to: Mailbox(validatedLocalPart: "a", domain: Domain(validatedASCII: "b> X"))),
            offering("DSN") + "= failed recipient unsendable recipient"),
        Dialog(
            "S13: a line end in a sender", mail: .sample(from: .mailbox(.broken)),
            offering("DSN") + """
                = failed mail unsendable reversePath
                """),
        Dialog(
            "S13: UTF-8 without SMTPUTF8", mail: .sample(to: mailbox("ü")),
            offering("SMTPUTF8") + """
                = failed recipient unsendable recipient
                """),
        Dialog(
            "S12: ENVID", mail: .sample(notification: .init(envelopeID: "a b")),
            offering("DSN") + """
                = failed mail unsendable parameter("ENVID")
                """),
        Dialog(
            "S12: ENVID's escapes", mail: .sample(notification: .init(envelopeID: "a+0d")),
            offering("DSN") + """
                = failed mail unsendable parameter("ENVID")
                """),
        Dialog(
            "S12: ORCPT", mail: .sample(notification: .init(originalRecipient: "rfc822;a\r\nDATA")),
            offering("DSN") + """
                = failed recipient unsendable parameter("ORCPT")
                """),
        Dialog(
            "a bare line end in the content", mail: .sample("a\n.\r\n"),
            pipelined + sent + """
                S: 250 ok
                S: 250 ok
                S: 354 go
                = failed content unsendable content(SMTPProtocol.ContentFault.bareLineEnd)
                = close
                """),
    ]
}
