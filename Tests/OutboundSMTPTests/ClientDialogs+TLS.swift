import DeliveryQueue
import OutboundSMTP

/// STARTTLS, and AUTH behind it.
extension ClientDialogs {
    static let offered = """
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

    static let us = Relay.Login(user: "us", password: "secret")

    static func afterTLS(_ offer: String) -> String {
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
}
