import SMTPProtocol

/// What became of a mail on one connection.
struct MailReport: Sendable {
    var result: Result<RemoteReply, SessionFailure>
    /// The server offered DSN, and was told what the sender asks for.
    var hasDSN = false
}
