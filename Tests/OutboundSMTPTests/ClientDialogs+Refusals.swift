import OutboundSMTP

/// Mails that are not taken, and mails in chunks.
extension ClientDialogs {
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

    static let chunked = """
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

    static let chunk = """
        C: BDAT 20 LAST
        C: Subject: x
        C: 
        C: .dot

        """

    static let chunks = [
        Dialog(
            "a mail in one piece, when its recipient is taken",
            chunked + """
                S: 250 ok
                S: 250 ok

                """ + chunk + """
                    S: 250 done
                    = delivered 250 done
                    """),
        Dialog(
            "a recipient that is refused",
            chunked + """
                S: 250 ok
                S: 550 nobody
                = failed recipient refused 550 nobody
                """),
        Dialog(
            "lost when all was sent",
            chunked + """
                S: 250 ok
                S: 250 ok

                """ + chunk + """
                    ! gone
                    = failed end lost reset
                    = close
                    """),
        Dialog(
            "given up when all was sent, and taken",
            chunked + """
                S: 250 ok
                S: 250 ok

                """ + chunk + """
                    ! cancel
                    ! wait 4
                    S: 250 done
                    = delivered 250 done
                    = close
                    """),
        Dialog(
            "a server that says nothing when all was sent",
            chunked + """
                S: 250 ok
                S: 250 ok

                """ + chunk + """
                    ! wait 599
                    ! wait 1
                    = failed end timedOut 600
                    = close
                    """),
        Dialog(
            "a mail of no bytes", mail: .sample(""),
            chunked + """
                S: 250 ok
                S: 250 ok
                C: BDAT 0 LAST
                S: 250 done
                = delivered 250 done
                """),
        Dialog(
            "the last bytes of a mail that ends within a line end are not sent",
            mail: .sample("Subject: x\r\n\r\na\r"),
            chunked + """
                S: 250 ok
                S: 250 ok
                C: BDAT 16 LAST
                = failed content unsendable content(SMTPProtocol.ContentFault.bareLineEnd)
                = close
                """),
    ]
}
