package import MailModel
package import NIOCore

/// A mail to take for sending: its row, its recipients, its bytes where they belong into a row, and
/// what is said at once.
package struct AcceptedSending: Sendable {
    package var mail: SentMailRecord
    /// At least one; those that are not tried have their end already.
    package var recipients: [SentRecipient]
    /// The bytes after the head, where `bodyPlace` is `row`; nil where a body file holds them.
    package var body: ByteBuffer?
    /// For the outbox.
    package var deliveries: [TopicDelivery]
    /// Mails of ours that tell the sender of who is not tried.
    package var reports: [AcceptedSending]
    /// A second mail of the same account and key is not taken: `idempotencyKey` answers the first.
    package var idempotencyKey: String?
    /// For how long that is so, from the mail's acceptance on.
    package var keyKeptSeconds = Self.keyKeptSecondsUsual

    package static let keyKeptSecondsUsual: Int64 = 86_400

    package init(
        mail: SentMailRecord, recipients: [SentRecipient], body: ByteBuffer?,
        deliveries: [TopicDelivery] = [], reports: [AcceptedSending] = [],
        idempotencyKey: String? = nil
    ) {
        self.mail = mail
        self.recipients = recipients
        self.body = body
        self.deliveries = deliveries
        self.reports = reports
        self.idempotencyKey = idempotencyKey
    }
}

/// What became of one try, or was told later, written as one unit of a group commit.
package struct SendingProgress: Sendable {
    /// The recipient as it stands now.
    package var recipient: SentRecipient
    /// How it stood: where its state or detail is another by now, nothing is written. Nil: it is
    /// written in any case.
    package var replaced: SentRecipient?
    /// For the outbox.
    package var deliveries: [TopicDelivery]
    /// Addresses that are not sent to any more.
    package var suppressions: [SuppressionRecord]
    /// Mails of ours that tell the sender of it.
    package var reports: [AcceptedSending]

    package init(
        recipient: SentRecipient, replacing replaced: SentRecipient? = nil,
        deliveries: [TopicDelivery] = [], suppressions: [SuppressionRecord] = [],
        reports: [AcceptedSending] = []
    ) {
        self.recipient = recipient
        self.replaced = replaced
        self.deliveries = deliveries
        self.suppressions = suppressions
        self.reports = reports
    }
}

/// A recipient that is due, with its mail; the mail's body stays where it is.
package struct QueuedRecipient: Sendable {
    package var mail: SentMailRecord
    package var recipient: SentRecipient
    /// Why it is not to be tried: it was put on the suppression list meanwhile. Asked for those that
    /// are due, alone.
    package var suppression: SuppressionRecord?

    package init(
        mail: SentMailRecord, recipient: SentRecipient, suppression: SuppressionRecord? = nil
    ) {
        self.mail = mail
        self.recipient = recipient
        self.suppression = suppression
    }
}

/// Which recipients of sent mails a listing or an operation means; newest mails first.
package struct SendingFilter: Sendable, Codable {
    package var states: [SentRecipient.State] = []
    package var destination: String?
    /// Case-insensitive substring of a recipient.
    package var recipient: String?
    /// The domain of a recipient, as A-labels.
    package var recipientDomain: String?
    /// Case-insensitive substring of the sender.
    package var sender: String?
    package var mail: MessageID?
    package var acceptedBefore: Timestamp?
    /// Without those that are scheduled for later than this, and were never tried.
    package var dueBy: Timestamp?
    package var limit = 50

    package init() {}
}

/// A recipient of a sent mail, and where it waits.
package struct SentPlace: Sendable, Hashable {
    package var key: SentRecipient.Key
    package var destination: String

    package init(key: SentRecipient.Key, destination: String) {
        self.key = key
        self.destination = destination
    }
}

/// The body file of a sent mail, as the row names it.
package struct SentBodyFile: Sendable, Hashable {
    package var name: MailID
    package var mail: MessageID
    /// Bytes.
    package var length: Int

    package init(name: MailID, mail: MessageID, length: Int) {
        self.name = name
        self.mail = mail
        self.length = length
    }
}

/// How many recipients are in each state that wants attention.
package struct SendingCounts: Sendable, Codable, Equatable {
    package var queued: Int
    package var held: Int
    /// Destinations that rest after failing as a whole.
    package var restingDestinations: Int

    package init(queued: Int, held: Int, restingDestinations: Int) {
        self.queued = queued
        self.held = held
        self.restingDestinations = restingDestinations
    }
}

/// What came of taking a mail for sending.
package enum SendingAnswer: Sendable, Hashable {
    case accepted(MessageID)
    /// A mail of the same idempotency key was taken before: this is its id.
    case repeated(MessageID)
    /// Another mail was taken under the key: nothing of this one is kept.
    case conflicting(MessageID)
}

/// The queue's rows: everything that is known of mails that are to be sent, and were. Every write
/// joins the one writer's next group commit; what throws was not written.
package protocol SendingStore: Sendable {
    /// Commits `sending` durably, then calls `completion` from the writer's thread, which must not
    /// block. On `success` all of it is on stable storage: it may be promised.
    func accept(
        _ sending: AcceptedSending,
        completion: @escaping @Sendable (Result<SendingAnswer, StorageFailure>) -> Void)

    /// Destinations due at or before `time`, soonest first, none of `busy`.
    func dueDestinations(
        at time: Timestamp, limit: Int, excluding busy: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord]
    /// Queued recipients of `destination` that are due, soonest first.
    func dueRecipients(
        of destination: String, at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> [QueuedRecipient]
    /// Destinations that failed as a whole when they were last at work, those due soonest first.
    func failingDestinations(
        limit: Int
    ) async throws(StorageFailure) -> [DestinationRecord]
    /// Those among `names` that are known: somebody waits for them.
    func destinations(
        _ names: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord]
    /// When the next destination is due; nil where nobody waits.
    func nextDue() async throws(StorageFailure) -> Timestamp?

    /// Writes where each recipient stands, its outbox rows, suppressions and reports (whose bodies
    /// are in rows); a mail with no open recipient has ended, and its body is dropped. Answers the
    /// body files to be removed. What an operator has made of a recipient meanwhile stays where the
    /// try leaves it queued; an end is written over it.
    func record(_ progress: [SendingProgress]) async throws(StorageFailure) -> [MailID]
    /// Nobody of the destination is at work any more: writes its rest and its failures, and counts
    /// anew when it is due. One that nobody waits for is forgotten: says whether anybody does.
    @discardableResult
    func settle(_ destination: DestinationRecord) async throws(StorageFailure) -> Bool

    /// Ids that begin with `prefix`, in their order.
    func sentMails(
        startingWith prefix: String, limit: Int
    ) async throws(StorageFailure) -> [MessageID]
    func sentMail(_ id: MessageID) async throws(StorageFailure) -> SentMailRecord?
    func recipients(of mail: MessageID) async throws(StorageFailure) -> [SentRecipient]
    /// The bytes after the head, from the row of a mail whose body place is `row`. Throws `damaged`
    /// where head and body are not what was committed.
    func body(of mail: SentMailRecord) async throws(StorageFailure) -> ByteBuffer
    func list(_ filter: SendingFilter) async throws(StorageFailure) -> [QueuedRecipient]
    func sendingCounts() async throws(StorageFailure) -> SendingCounts

    /// The recipients that `filter` means, oldest mails first, from behind `after` on.
    func places(
        _ filter: SendingFilter, after: SentRecipient.Key?
    ) async throws(StorageFailure) -> [SentPlace]
    /// How many recipients `filter` means, whatever its limit.
    func count(_ filter: SendingFilter) async throws(StorageFailure) -> Int
    /// Those that are still there, with their mails.
    func queued(
        _ keys: [SentRecipient.Key]
    ) async throws(StorageFailure) -> [QueuedRecipient]
    /// Moves recipients from one of `from` to `to`; answers how many, and the body files to be
    /// removed. Those that become `queued` are due now, and so is their destination, unless they
    /// are scheduled for later and were never tried.
    func move(
        _ keys: [SentRecipient.Key], from: Set<SentRecipient.State>, to: SentRecipient.State,
        now: Timestamp
    ) async throws(StorageFailure) -> (count: Int, files: [MailID])

    /// The body files of mails that have not ended, by name, from behind `after` on.
    func queuedBodyFiles(
        after: MailID?, limit: Int
    ) async throws(StorageFailure) -> [SentBodyFile]
    /// Which of `files` were those of mails that have ended: they were to be removed.
    func endedBodyFiles(among files: [MailID]) async throws(StorageFailure) -> Set<MailID>
    /// Holds every recipient of the mail that waits, and notes why.
    func hold(_ mail: MessageID, because detail: String) async throws(StorageFailure)

    /// Drops the rows of ended mails accepted before `time`, at most `limit`; says how many.
    func expireSent(acceptedBefore time: Timestamp, limit: Int) async throws(StorageFailure) -> Int
    /// Drops the idempotency keys whose time is over at `time`.
    func expireIdempotencyKeys(at time: Timestamp) async throws(StorageFailure)
}
