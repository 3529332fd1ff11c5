/// How long a server may take for what, in seconds. RFC 5321 §4.5.3.2; where it names nothing, what
/// a command may take.
package struct SessionTimeLimits: Sendable, Hashable {
    /// RFC 5321 §4.5.3.2.1
    package var greetingSeconds: Int64 = 300
    /// EHLO, STARTTLS, AUTH, RSET.
    package var commandSeconds: Int64 = 300
    /// RFC 5321 §4.5.3.2.2
    package var mailSeconds: Int64 = 300
    /// RFC 5321 §4.5.3.2.3
    package var recipientSeconds: Int64 = 300
    /// From DATA to its 354. RFC 5321 §4.5.3.2.4
    package var dataSeconds: Int64 = 120
    /// From one piece of the content to the next. RFC 5321 §4.5.3.2.5
    package var pieceSeconds: Int64 = 180
    /// From the content's end to the answer. RFC 5321 §4.5.3.2.6
    package var endSeconds: Int64 = 600
    /// A TLS handshake.
    package var handshakeSeconds: Int64 = 60
    /// The answer to QUIT.
    package var quitSeconds: Int64 = 5
    /// What is left to an answer to the content's end when the mail is given up.
    package var graceSeconds: Int64 = 5

    package init() {}
}
