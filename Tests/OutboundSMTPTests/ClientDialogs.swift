import DeliveryQueue
import MailModel
import OutboundSMTP

/// Dialogs, good and bad.
enum ClientDialogs {
    typealias Dialog = ClientSessionTests.Dialog

    static let all = opening + tls + login + mails + refusals + chunks + parameters + badLuck

    static let plain = """
        S: 220 mx
        C: EHLO us.example
        S: 250 mx
        = opened

        """

    static let pipelined = """
        S: 220 mx
        C: EHLO us.example
        S: 250-mx
        S: 250 PIPELINING
        = opened

        """

    static let sent = """
        ! mail
        C: MAIL FROM:<us@us.example>
        C: RCPT TO:<you@them.example>
        C: DATA

        """

    static let content = """
        C: Subject: x
        C: 
        C: ..dot
        C: .

        """

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
