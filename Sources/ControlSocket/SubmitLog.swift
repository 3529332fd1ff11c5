package import MailFlow
package import MailModel

/// The port to the log and the counters: each call is one line.
package protocol SubmitLog: Sendable {
    /// Taken to be sent.
    func submitted(_ mail: MessageID, bytes: Int, by user: LocalUser)
    func refused(_ refusal: LocalRefusal, to user: LocalUser)
    /// A program went with its mail half handed over, or was too slow.
    func cut(_ user: LocalUser)
}
