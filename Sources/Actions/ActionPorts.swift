package import MailModel
package import NIOCore
package import RuleEngine
package import Storage

/// One action of one mail, ready to run: what the runner hands to the action's file.
package struct ActionTask: Sendable {
    package var mail: MailRecord
    package var key: ActionKey
    package var action: ReceiptAction
    /// The recipients that the action's rule matched. SES: `receipt.recipients`.
    package var recipients: [Mailbox]
    /// `name: value` lines (without CRLF) of the `addHeader` actions before this one, in order.
    package var addedHeaders: [String]
    /// Names, in lower case, of the fields that `removeHeader` actions before this one took out.
    package var removedHeaders: [String]
    /// What rules have said of the mail so far.
    package var tags: [MailTag]
    /// Whether the rule asks for scanning: its spam and virus verdicts.
    package var isScanEnabled: Bool
    /// Stored objects of this mail so far, as `bucket/key`; what a notification without content
    /// names.
    package var storedObjects: [String]
    package var content: MailContent
    /// 1 at the first try.
    package var attempt: Int
    /// The detail of the last try's result; empty at the first.
    package var lastDetail = ""

    package init(
        mail: MailRecord, key: ActionKey, action: ReceiptAction, recipients: [Mailbox],
        addedHeaders: [String], removedHeaders: [String] = [], tags: [MailTag] = [],
        isScanEnabled: Bool, storedObjects: [String], content: MailContent, attempt: Int
    ) {
        self.mail = mail
        self.key = key
        self.action = action
        self.recipients = recipients
        self.addedHeaders = addedHeaders
        self.removedHeaders = removedHeaders
        self.tags = tags
        self.isScanEnabled = isScanEnabled
        self.storedObjects = storedObjects
        self.content = content
        self.attempt = attempt
    }

    /// The same on every retry, and when the mail is run again under its id.
    package var stableID: String { id(of: mail.messageID) }

    /// The same on every retry, and another each time that the mail is run again: what is sent once.
    package var runID: String { id(of: mail.id) }

    private func id(of id: MailID) -> String {
        key.stableID(of: id, to: mail.envelope.recipients)
    }
}

/// What came of one try.
package struct ActionResult: Sendable {
    package enum Ending: Sendable, Hashable {
        case done(Disposition)
        /// Another try may help.
        case failed
        /// No other try will help: straight to the dead letters.
        case refused
    }

    package var ending: Ending
    /// What a handler's answer asked for, written together with the outcome.
    package var asks: [ReceiptAction] = []
    /// For people: the object's key, the handler's answer, the error.
    package var detail: String
    /// For the outbox, written together with the outcome.
    package var deliveries: [TopicDelivery]
    /// Of a failure: no other try is made before, where one is made at all.
    package var notBefore: Timestamp?

    package init(ending: Ending, detail: String, deliveries: [TopicDelivery] = []) {
        self.ending = ending
        self.detail = detail
        self.deliveries = deliveries
    }
}

/// The port to handler programs.
package protocol FunctionInvoker: Sendable {
    /// Runs the handler called `invocation.handler`; returns within its configured time limit.
    func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome
}

/// One call of a handler.
package struct FunctionInvocation: Sendable {
    package var handler: String
    /// The handler's name as Lambda's users know it.
    package var arn: String
    package var stableID: String
    package var attempt: Int
    package var mail: MailID
    package var rule: String
    /// SES's Lambda event, UTF-8 JSON; the handler finds it in a file.
    package var event: [UInt8]
    /// The essentials: `MARTLET_…` names and values without NUL, CR or LF.
    package var environment: [(name: String, value: String)]
    /// What the handler reads on standard input: the same bytes as a stored object.
    package var input: [InputPiece]
    /// Of a mail whose 250 waits for the answer: whether it still does. Such a mail goes before the
    /// others, and what nobody waits for is not begun. Nil after the 250.
    package var sessionWaits: (@Sendable () -> Bool)?

    package enum InputPiece: Sendable {
        case bytes(ByteBuffer)
        /// `length` bytes of the file, from `start` on.
        case file(path: String, start: Int = 0, length: Int)
    }

    package init(
        handler: String, arn: String, stableID: String, attempt: Int, mail: MailID, rule: String,
        event: [UInt8], environment: [(name: String, value: String)], input: [InputPiece],
        sessionWaits: (@Sendable () -> Bool)? = nil
    ) {
        self.handler = handler
        self.arn = arn
        self.stableID = stableID
        self.attempt = attempt
        self.mail = mail
        self.rule = rule
        self.event = event
        self.environment = environment
        self.input = input
        self.sessionWaits = sessionWaits
    }
}

/// How a handler ended.
package enum FunctionOutcome: Sendable, Hashable {
    /// Exit status 0; standard output up to its cap, and whether there was more.
    case answered(output: [UInt8], isCut: Bool = false)
    /// Exit status other than 0, a signal, a time-out, or it could not be started; `detail` says
    /// which. Worth another try.
    case failed(detail: String)
    /// The configuration names no such handler.
    case noSuchHandler
}
