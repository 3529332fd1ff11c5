import DeliveryQueue
import MailModel
import OutboundSMTP

/// Dialogs, good and bad.
enum ClientDialogs {
    typealias Dialog = ClientSessionTests.Dialog

    static let all = opening + tls + login + mails + refusals + chunks + parameters + badLuck

    private static let plain = """
        S: 220 mx
        C: EHLO us.example
        S: 250 mx
        = opened

        """

    private static let pipelined = """
        S: 220 mx
        C: EHLO us.example
        S: 250-mx
        S: 250 PIPELINING
        = opened

        """

    private static let sent = """
        ! mail
        C: MAIL FROM:<us@us.example>
        C: RCPT TO:<you@them.example>
        C: DATA

        """

    private static let content = """
        C: Subject: x
        C: 
        C: ..dot
        C: .

        """

    static let opening = [
        Dialog(
            "one mail, one command after the other",
            plain + """
                ! mail
                C: MAIL FROM:<us@us.example>
                S: 250 ok
                C: RCPT TO:<you@them.example>
                S: 250 ok
                C: DATA
                S: 354 go on

                """ + content + """
                    S: 250 2.0.0 queued as 1
                    = delivered 250 2.0.0 queued as 1
                    ! quit
                    C: QUIT
                    S: 221 bye
                    = close
                    """),
        Dialog(
            "a greeting of several lines",
            """
            S: 220-mx
            S: 220 hello
            C: EHLO us.example
            """),
        Dialog(
            "no service",
            "S: 554 5.7.1 go away\n= failed greeting refused 554 5.7.1 go away\n= close"),
        Dialog("busy", "S: 421 later\n= failed greeting refused 421 later\n= close"),
        Dialog(
            "a greeting that is none", "S: 354 go\n= failed greeting unexpected 354 go\n= close"),
        Dialog("text before the greeting", "S: Welcome\n= failed greeting malformed\n= close"),
        Dialog(
            "lines that do not agree", "S: 220-a\nS: 250 b\n= failed greeting codesDiffer\n= close"),
        Dialog(
            "HELO where EHLO is not known",
            """
            S: 220 mx
            C: EHLO us.example
            S: 502 what
            C: HELO us.example
            S: 250 mx
            = opened
            """),
        Dialog(
            "neither EHLO nor HELO",
            """
            S: 220 mx
            C: EHLO us.example
            S: 500 what
            C: HELO us.example
            S: 501 what
            = failed hello refused 501 what
            = close
            """),
        Dialog(
            "no HELO where TLS is required", tls: .required,
            """
            S: 220 mx
            C: EHLO us.example
            S: 500 what
            = failed hello refused 500 what
            = close
            """),
        Dialog(
            "no HELO to who does not want us",
            """
            S: 220 mx
            C: EHLO us.example
            S: 554 no
            = failed hello refused 554 no
            = close
            """),
        Dialog(
            "LMTP", tls: .none, transport: .lmtp,
            """
            S: 220 mx
            C: LHLO us.example
            S: 250-mx
            S: 250 PIPELINING
            = opened

            """ + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                S: 250 2.0.0 saved
                = delivered 250 2.0.0 saved
                """),
        Dialog(
            "LMTP has no HELO", transport: .lmtp,
            """
            S: 220 mx
            C: LHLO us.example
            S: 500 what
            = failed hello refused 500 what
            = close
            """),
    ]

    private static let offered = """
        S: 220 mx
        C: EHLO us.example
        S: 250-mx
        S: 250 STARTTLS
        C: STARTTLS

        """

    static let tls = [
        Dialog(
            "STARTTLS",
            offered + """
                S: 220 go
                = startTLS
                ! tls
                C: EHLO us.example
                S: 250-mx
                S: 250 PIPELINING
                = opened

                """ + sent),
        Dialog(
            "S2: what comes with STARTTLS's answer is thrown away",
            offered + """
                S: 220 go
                S: 250-evil
                S: 250 AUTH PLAIN
                = startTLS
                --
                S: 250 more evil
                ! tls
                C: EHLO us.example
                S: 250 mx
                = opened
                """),
        Dialog(
            "half a reply before TLS is none after it",
            offered + """
                S: 220 go
                = startTLS
                S: 250-half
                ! tls
                C: EHLO us.example
                S: 500 no
                = failed hello refused 500 no
                = close
                """),
        Dialog("refused, and not required", offered + "S: 454 not now\n= opened"),
        Dialog(
            "refused, and required", tls: .required,
            offered + """
                S: 454 not now
                = failed startTLS refused 454 not now
                = close
                """),
        Dialog(
            "not offered, and required", tls: .required,
            """
            S: 220 mx
            C: EHLO us.example
            S: 250 mx
            = failed startTLS lacks startTLS
            = close
            """),
        Dialog(
            "offered, and not wanted", tls: .none,
            """
            S: 220 mx
            C: EHLO us.example
            S: 250-mx
            S: 250 STARTTLS
            = opened
            """),
        Dialog(
            "a handshake that fails",
            offered + """
                S: 220 go
                = startTLS
                ! tls failed
                = failed handshake tls certificate-not-trusted
                = close
                """),
        Dialog(
            "a handshake that does not come",
            offered + """
                S: 220 go
                = startTLS
                ! wait 59
                ! wait 1
                = failed handshake timedOut 60
                = close
                """),
        Dialog(
            "an answer to STARTTLS that is another's",
            offered + """
                S: 250 ok
                = failed startTLS unexpected 250 ok
                = close
                """),
    ]

    private static let us = Relay.Login(user: "us", password: "secret")

    private static func afterTLS(_ offer: String) -> String {
        offered + """
            S: 220 go
            = startTLS
            ! tls
            C: EHLO us.example
            S: 250-mx
            S: 250 \(offer)

            """
    }

    static let login = [
        Dialog(
            "PLAIN", login: us,
            afterTLS("AUTH LOGIN PLAIN") + """
                C: AUTH PLAIN AHVzAHNlY3JldA==
                S: 235 ok
                = opened
                """),
        Dialog(
            "LOGIN", login: us,
            afterTLS("AUTH LOGIN") + """
                C: AUTH LOGIN
                S: 334 VXNlcm5hbWU6
                C: dXM=
                S: 334 UGFzc3dvcmQ6
                C: c2VjcmV0
                S: 235 ok
                = opened
                """),
        Dialog(
            "a password that is wrong", login: us,
            afterTLS("AUTH PLAIN") + """
                C: AUTH PLAIN AHVzAHNlY3JldA==
                S: 535 5.7.8 no
                = failed login refused 535 5.7.8 no
                = close
                """),
        Dialog(
            "no way that we know", login: us,
            afterTLS("AUTH CRAM-MD5") + """
                = failed login lacks mechanism
                = close
                """),
        Dialog(
            "no password in the clear", tls: .none, login: us,
            """
            S: 220 mx
            C: EHLO us.example
            S: 250-mx
            S: 250 AUTH PLAIN
            = failed login lacks privacy
            = close
            """),
    ]

    static let mails = [
        Dialog(
            "a group",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                S: 250 done
                = delivered 250 done

                """ + sent + "S: 250 ok\n--\nS: 250 ok\n--\nS: 354 go\n" + content + """
                    S: 250 done
                    = delivered 250 done
                    """),
        Dialog(
            "as many mails as the server takes",
            """
            S: 220 mx
            C: EHLO us.example
            S: 250-mx
            S: 250-LIMITS MAILMAX=1
            S: 250 PIPELINING
            = opened

            """ + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                S: 250 done
                = delivered 250 done
                ! mail
                = failed idle lost the session is over
                """),
        Dialog(
            "as many mails as we send", mailsMax: 0,
            pipelined + """
                ! mail
                = failed idle lost the session is over
                """),
        Dialog(
            "a reply that nobody asked for",
            plain + """
                S: 250 what
                = failed idle unexpected 250 what
                = close
                """),
        Dialog(
            "a server that ends",
            plain + """
                S: 421 4.4.2 idle too long
                = failed idle refused 421 4.4.2 idle too long
                = close
                """),
        Dialog(
            "the null path", mail: .sample(from: .null),
            pipelined + """
                ! mail
                C: MAIL FROM:<>
                C: RCPT TO:<you@them.example>
                C: DATA
                """),
    ]

    static let refusals = [
        Dialog(
            "a sender",
            pipelined + sent + """
                S: 550 5.7.1 not you
                S: 503 no sender
                S: 503 no recipient
                = failed mail refused 550 5.7.1 not you
                ! mail
                C: RSET
                C: MAIL FROM:<us@us.example>
                C: RCPT TO:<you@them.example>
                C: DATA
                S: 250 reset

                """ + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                    S: 250 done
                    = delivered 250 done
                    """),
        Dialog(
            "a recipient",
            pipelined + sent + """
                S: 250 ok
                S: 450 4.2.0 greylisted
                S: 554 no recipients
                = failed recipient refused 450 4.2.0 greylisted
                """),
        Dialog(
            "RFC 2920: a recipient, and DATA is taken",
            pipelined + sent + """
                S: 250 ok
                S: 550 nobody
                S: 354 go
                C: .
                S: 250 an empty mail for nobody
                = failed recipient refused 550 nobody
                """),
        Dialog(
            "a sender, and DATA is taken for its recipient",
            pipelined + sent + """
                S: 550 not you
                S: 250 ok
                S: 354 go
                = failed mail refused 550 not you
                = close
                """),
        Dialog(
            "one after the other",
            plain + """
                ! mail
                C: MAIL FROM:<us@us.example>
                S: 250 ok
                C: RCPT TO:<you@them.example>
                S: 550 nobody
                = failed recipient refused 550 nobody
                ! mail
                C: RSET
                S: 250 ok
                C: MAIL FROM:<us@us.example>
                """),
        Dialog(
            "DATA",
            pipelined + sent + """
                S: 250 ok
                S: 250 ok
                S: 451 not now
                = failed data refused 451 not now
                """),
        Dialog(
            "the content",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                S: 554 5.7.1 spam
                = failed end refused 554 5.7.1 spam
                """),
        Dialog(
            "421 in a group",
            pipelined + sent + """
                S: 250 ok
                S: 421 too many
                = failed recipient refused 421 too many
                = close
                """),
        Dialog(
            "RSET",
            pipelined + sent + """
                S: 250 ok
                S: 550 nobody
                S: 554 no recipients
                = failed recipient refused 550 nobody
                ! mail
                C: RSET
                C: MAIL FROM:<us@us.example>
                C: RCPT TO:<you@them.example>
                C: DATA
                S: 500 what
                = failed reset refused 500 what
                = close
                """),
        Dialog(
            "an answer to MAIL that is another's",
            pipelined + sent + """
                S: 354 go
                = failed mail unexpected 354 go
                = close
                """),
        Dialog(
            "DATA taken without its content",
            pipelined + sent + """
                S: 250 ok
                S: 250 ok
                S: 250 ok
                = failed data unexpected 250 ok
                = close
                """),
    ]

    private static let chunked = """
        S: 220 mx
        C: EHLO us.example
        S: 250-mx
        S: 250-CHUNKING
        S: 250 PIPELINING
        = opened
        ! mail
        C: MAIL FROM:<us@us.example>
        C: RCPT TO:<you@them.example>

        """

    private static let chunk = """
        C: BDAT 20 LAST
        C: Subject: x
        C: 
        C: .dot

        """

    static let chunks = [
        Dialog(
            "a small mail in one piece",
            chunked + chunk + """
                S: 250 ok
                S: 250 ok
                S: 250 done
                = delivered 250 done
                """),
        Dialog(
            "a small mail whose recipient is refused",
            chunked + chunk + """
                S: 250 ok
                S: 550 nobody
                S: 503 no recipients
                = failed recipient refused 550 nobody
                """),
        Dialog(
            "a large mail waits for its recipient", eagerBytesMax: 19,
            chunked + """
                S: 250 ok
                --
                S: 250 ok

                """ + chunk + """
                    S: 250 done
                    = delivered 250 done
                    """),
        Dialog(
            "a large mail whose recipient is refused", eagerBytesMax: 19,
            chunked + """
                S: 250 ok
                S: 550 nobody
                = failed recipient refused 550 nobody
                """),
        Dialog(
            "lost when all was sent",
            chunked + chunk + """
                S: 250 ok
                ! gone
                = failed end lost reset
                = close
                """),
    ]

    private static func offering(_ keywords: String...) -> String {
        "S: 220 mx\nC: EHLO us.example\nS: 250-mx\n"
            + keywords.dropLast().map { "S: 250-\($0)\n" }.joined()
            + "S: 250 \(keywords.last ?? "")\n= opened\n! mail\n"
    }

    private static func mailbox(_ localPart: String) -> Mailbox {
        Mailbox(validatedLocalPart: localPart, domain: Domain(validatedASCII: "them.example"))
    }

    private static let asked = DeliveryNotification(
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

    static let badLuck = [
        Dialog("gone before the greeting", "! gone\n= failed greeting lost reset\n= close"),
        Dialog("no greeting", "! wait 299\n! wait 1\n= failed greeting timedOut 300\n= close"),
        Dialog(
            "no answer to EHLO",
            """
            S: 220 mx
            C: EHLO us.example
            S: 250-half
            ! wait 300
            = failed hello timedOut 300
            = close
            """),
        Dialog(
            "no answer to MAIL",
            pipelined + sent + "! wait 300\n= failed mail timedOut 300\n= close"),
        Dialog(
            "no answer to RCPT",
            pipelined + sent + """
                S: 250 ok
                ! wait 300
                = failed recipient timedOut 300
                = close
                """),
        Dialog(
            "no answer to DATA",
            pipelined + sent + """
                S: 250 ok
                S: 250 ok
                ! wait 120
                = failed data timedOut 120
                = close
                """),
        Dialog(
            "no answer to the end",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                ! wait 599
                ! wait 1
                = failed end timedOut 600
                = close
                """),
        Dialog(
            "gone after the end",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                ! gone
                = failed end lost reset
                = close
                """),
        Dialog(
            "gone after a refusal",
            pipelined + sent + """
                S: 250 ok
                S: 550 nobody
                ! gone
                = failed recipient refused 550 nobody
                = close
                """),
        Dialog(
            "garbage after MAIL", pipelined + sent + "S: hello\n= failed mail malformed\n= close"),
        Dialog(
            "a content that cannot be read",
            pipelined + sent + """
                ! unreadable
                S: 250 ok
                S: 250 ok
                S: 354 go
                = failed content unsendable unreadable("EIO")
                = close
                """),
        Dialog(
            "given up before the end",
            pipelined + sent + """
                S: 250 ok
                ! cancel
                = failed recipient cancelled
                = close
                """),
        Dialog(
            "given up after the end, and taken",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                ! cancel
                ! wait 4
                S: 250 done
                = delivered 250 done
                = close
                """),
        Dialog(
            "given up after the end, and not answered",
            pipelined + sent + "S: 250 ok\nS: 250 ok\nS: 354 go\n" + content + """
                ! cancel
                ! wait 5
                = failed end cancelled
                = close
                """),
        Dialog(
            "QUIT without an answer",
            plain + """
                ! quit
                C: QUIT
                ! wait 5
                = close
                """),
    ]

    static let outOfTurn = [
        Dialog(
            "with the greeting",
            """
            S: 220 mx
            S: 250 mx
            C: EHLO us.example
            = failed hello unexpected 250 mx
            = close
            """),
        Dialog(
            "with the answer to MAIL",
            plain + """
                ! mail
                C: MAIL FROM:<us@us.example>
                S: 250 ok
                S: 250 ok
                C: RCPT TO:<you@them.example>
                = failed recipient unexpected 250 ok
                = close
                """),
        Dialog(
            "before the content",
            pipelined + sent + """
                S: 250 ok
                S: 250 ok
                S: 354 go
                S: 250 done
                = failed content unexpected 250 done
                = close
                """),
    ]
}
