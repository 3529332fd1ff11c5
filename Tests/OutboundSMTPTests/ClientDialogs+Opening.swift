import DeliveryQueue
import OutboundSMTP

/// From the greeting to where a mail can be sent.
extension ClientDialogs {
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
}
