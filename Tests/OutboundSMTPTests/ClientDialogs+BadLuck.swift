import OutboundSMTP

/// Servers that go, or say nothing.
extension ClientDialogs {
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
            "a reply that nobody asked for",
            plain + """
                S: 421 go away
                = failed idle refused 421 go away
                = close
                ! mail
                = failed idle refused 421 go away
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
}
