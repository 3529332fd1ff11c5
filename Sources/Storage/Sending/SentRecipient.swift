package import MailModel

/// One recipient of a sent mail, and what became of it.
///
/// | state | what happens | who leaves it |
/// |---|---|---|
/// | `queued` | tried when it is due and its destination is | an answer; the end of its time; an operator |
/// | `held` | nothing | `queue sent release` |
/// | `delivered` | nothing | a bounce or a complaint that comes later; retention |
/// | `bounced` | nothing: a server's no, at once or later, the end of its time, or `queue sent bounce` | a complaint; retention |
/// | `complained` | nothing: who got it did not want it | retention |
/// | `suppressed` | nothing: it was never tried | retention |
/// | `removed` | nothing: an operator took it out, or it holds a virus | retention |
///
/// That it is being delivered is known in memory alone: after a crash it is tried again.
package struct SentRecipient: Sendable, Hashable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case queued, held, delivered, bounced, complained, suppressed, removed

        /// Whether the mail's bytes are still wanted for it.
        package var isOpen: Bool { self == .queued || self == .held }
    }

    package struct Key: Sendable, Hashable {
        package var mail: MessageID
        /// From 0, in the order of the envelope.
        package var position: Int

        package init(mail: MessageID, position: Int) {
            self.mail = mail
            self.position = position
        }
    }

    package var key: Key
    package var address: Mailbox
    /// Where it waits with others: a name that `DestinationRecord` has.
    package var destination: String
    package var state: State
    /// When its next try is; kept as it was where it is held or has ended.
    package var dueAt: Timestamp
    /// After it there is no try.
    package var expiresAt: Timestamp
    /// Answers to this mail. Where nobody of the destination takes mail it is no try of each mail:
    /// the destination is put off, and counts that. RFC 5321 §4.5.4.1
    package var attempts: Int
    /// When its destination was last asked to take it, whether it came to that or not.
    package var lastAttemptAt: Timestamp?
    /// What was last said of it, in one line.
    package var detail: String?
    /// Of the last try, where it was put off; told at the end of its time.
    package var lastAnswer: LastAnswer?
    package var notification: DeliveryNotification

    package init(
        key: Key, address: Mailbox, destination: String, state: State = .queued,
        dueAt: Timestamp, expiresAt: Timestamp, attempts: Int = 0,
        lastAttemptAt: Timestamp? = nil, detail: String? = nil, lastAnswer: LastAnswer? = nil,
        notification: DeliveryNotification = DeliveryNotification()
    ) {
        self.key = key
        self.address = address
        self.destination = destination
        self.state = state
        self.dueAt = dueAt
        self.expiresAt = expiresAt
        self.attempts = attempts
        self.lastAttemptAt = lastAttemptAt
        self.detail = detail
        self.lastAnswer = lastAnswer
        self.notification = notification
    }
}

/// Why a recipient was put off at its last try.
package struct LastAnswer: Sendable, Hashable, Codable {
    /// The next hop's, or what we make of it.
    package var status: EnhancedStatus
    /// Of the next hop's reply; nil where none came.
    package var code: Int?
    /// The reply's text without its code, in one line.
    package var text: String?
    /// Name of the host that was asked last.
    package var host: String?

    package init(
        status: EnhancedStatus, code: Int? = nil, text: String? = nil, host: String? = nil
    ) {
        self.status = status
        self.code = code
        self.text = text
        self.host = host
    }

    /// The reply in one line, code first.
    package var reply: String? {
        code.map { code in text.map { "\(code) \($0)" } ?? "\(code)" }
    }
}

/// Where recipients wait together: a domain, an address literal, or a relay. While it answers
/// nothing as a whole it is tried as a whole, however many wait for it.
package struct DestinationRecord: Sendable, Hashable {
    /// A domain's A-label form, `[192.0.2.1]`, or `smtp:host:port`.
    package var name: String
    /// When somebody who waits for it is to be looked at.
    package var dueAt: Timestamp
    /// Tries in a row that it failed as a whole.
    package var failures: Int
    /// Before it nobody is tried.
    package var restsUntil: Timestamp?
    /// What it was that failed last.
    package var detail: String?

    package init(
        name: String, dueAt: Timestamp, failures: Int = 0, restsUntil: Timestamp? = nil,
        detail: String? = nil
    ) {
        self.name = name
        self.dueAt = dueAt
        self.failures = failures
        self.restsUntil = restsUntil
        self.detail = detail
    }
}
