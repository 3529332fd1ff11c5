import MailFlow
package import MailModel
package import SMTPProtocol
package import Storage

/// What happened in a session that the mail log tells: each mail taken, each refusal, each end
/// that was no QUIT. Carries what a person needs to find the mail again.
package enum SessionEvent: Sendable {
    case accepted(MailID, ReceivedEnvelope, bytes: Int)
    case submitted(MessageID, ReceivedEnvelope, bytes: Int)
    /// The client has logged in with the access key of this name.
    case loggedIn(String)
    /// A command or mail was refused with `reply`; `subject` is what it was about: a recipient, a
    /// sender, a line; `rule` is the receipt rule that said so, where one did.
    case refused(reply: SMTPReply, subject: String, rule: String?)
    /// The peer went away, or was sent away, with a mail half taken.
    case cut(mailFrom: ReversePath, bytes: Int)
    case ended(because: SMTPReply)
}

/// Who speaks to us; known before its first byte.
package struct SessionPeer: Sendable {
    /// Canonical text, without port.
    package var address: String

    package init(address: String) {
        self.address = address
    }
}
