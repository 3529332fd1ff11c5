import MailModel
import NIOCore
import Storage

/// A mail that somebody wants sent, by whatever way it came.
struct Submission: Sendable {
    struct Recipient: Sendable {
        var mailbox: Mailbox
        var notification: DeliveryNotification
    }

    /// SES's name of the entrance.
    var operation: String
    /// Name of the access key, or of what of ours sends.
    var caller: String
    var sourceIP: String?
    /// Where what we have to say of the mail goes.
    var sender: ReversePath
    /// In their order, at least one, at most `OutboundFlow.recipientsMax`.
    var recipients: [Recipient]
    /// As it came, to and with its empty line where it has one.
    var header: [UInt8]
    var bodyID: MailID
    var body: BodySpool.Content
    /// Of our Received: how it came.
    var trace: String
    var isSMTPUTF8 = false
    var tls = TLSDemand.opportunistic
    var idempotencyKey: String?
    /// Of what was asked for: the same at each time that it is submitted. Nil without a key.
    var digest: String?
    /// Not tried before; nil: at once.
    var sendAt: Timestamp?
}
