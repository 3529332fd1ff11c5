package import SMTPProtocol

/// What a session is for. The role decides which extensions it offers and which verbs it takes.
package enum SessionRole: String, Sendable {
    /// Port 25: anyone may hand over mail for our domains. No AUTH.
    case mx
    /// Those who have an access key hand over what we send for them. RFC 6409; the words are SES's.
    case submission
}

/// What becomes of a peer that speaks before a delayed greeting.
package enum EarlyTalkerPolicy: String, Sendable, CaseIterable {
    /// What it said waits for the greeting.
    case ignore
    /// It gets 554 in place of the greeting.
    case refuse
}

/// What the operator sets of SMTP sessions.
package struct SessionSettings: Sendable {
    package var hostname: String
    package var role = SessionRole.mx
    package var isTLSOffered = false
    package var bareLineEnds = BareLineEndPolicy.refuse
    /// How long the greeting is held back; 0: not at all.
    package var greetingDelaySeconds: Int64 = 0
    package var earlyTalkers = EarlyTalkerPolicy.ignore
    package var limits = SessionLimits()

    package init(hostname: String) {
        self.hostname = hostname
    }
}

/// Every limit of a session, with its unit in its name.
package struct SessionLimits: Sendable {
    /// One mail as it is stored: dots unstuffed. SES: 40 MB. RFC 1870
    package var mailBytesMax = 41_943_040
    /// RFC 5321 §4.5.3.1.8 asks for 100 at least.
    package var recipientsMax = 100
    /// A command with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, RFC 6531 and long paths for more.
    package var commandBytesMax = 2_048
    /// A line of a mail with its CRLF. RFC 5321 asks for 1,000; real senders exceed it.
    package var dataLineBytesMax = 1_048_576
    /// Mails in one session, taken or not; then 421.
    package var mailsMax = 10_000
    /// Commands that bring no mail nearer (RSET, NOOP, VRFY, …) since the last mail; then 421.
    package var idleCommandsMax = 100
    /// Errors of a client in one session; then 421.
    package var errorsMax = 20
    /// Errors of a client that are answered at once.
    package var errorsUndelayedMax = 10
    /// The answers to further ones wait 1 second, 2, 4, and so on, at most this; 0: not at all.
    package var errorDelaySecondsMax: Int64 = 8
    /// From one reply to the whole of the next command. RFC 5321 §4.5.3.2.7 asks for 5 minutes.
    package var commandSeconds: Int64 = 300
    /// From one piece of a mail to the next. RFC 5321 §4.5.3.2.5 asks for 3 minutes.
    package var dataPieceSeconds: Int64 = 180
    /// A mail may take this long, and then a second more for each `dataBytesPerSecondMin`.
    package var dataSeconds: Int64 = 600
    package var dataBytesPerSecondMin = 1_024
    /// A TLS handshake.
    package var handshakeSeconds: Int64 = 30

    package init() {}
}
