package import MailModel

/// What a rule has the sender of a mail told: that it did not arrive. SES: `BounceAction`
package struct ReceiptBounce: Sendable, Hashable, Codable {
    /// SES: `SmtpReplyCode`. 400 to 599
    package var replyCode: Int
    /// SES: `StatusCode`, of the reply code's class. Nil: `x.0.0` of that class.
    package var status: EnhancedStatus?
    /// For people, on one line, at most `messageBytesMax`. SES: `Message`
    package var message: String
    /// Whom the report is from: an address of a verified identity. SES: `Sender`
    package var sender: String
    /// Hears of it afterwards. SES: `TopicArn`
    package var topic: String?

    /// Bytes of a message, UTF-8. SES's Mail Manager: 500
    package static let messageBytesMax = 500

    package init(
        replyCode: Int, status: EnhancedStatus?, message: String, sender: String, topic: String?
    ) {
        self.replyCode = replyCode
        self.status = status
        self.message = message
        self.sender = sender
        self.topic = topic
    }

    /// The status that is told.
    package var statusTold: EnhancedStatus {
        status ?? EnhancedStatus(class: replyCode / 100, subject: 0, detail: 0)
    }

    /// As a server would have answered: `550 5.1.1 Mailbox does not exist`.
    package var reply: String { "\(replyCode) \(statusTold) \(message)" }

    /// What SES's console offers.
    struct Template: Sendable {
        var replyCode: Int
        var status: EnhancedStatus
        var message: String

        init(_ replyCode: Int, _ subject: Int, _ detail: Int, _ message: String) {
            self.replyCode = replyCode
            status = EnhancedStatus(class: replyCode / 100, subject: subject, detail: detail)
            self.message = message
        }

        static let all: [(String, Template)] = [
            ("MailboxDoesNotExist", Template(550, 1, 1, "Mailbox does not exist")),
            ("MessageTooLarge", Template(552, 3, 4, "Message too large")),
            ("MailboxFull", Template(552, 2, 2, "Mailbox full")),
            ("ContentRejected", Template(500, 6, 1, "Message content rejected")),
            ("UnknownFailure", Template(554, 0, 0, "Unknown failure")),
            ("TemporaryFailure", Template(450, 0, 0, "Temporary failure")),
        ]
    }
}
