import MailModel
import NIOCore
import Storage
import Synchronization

/// One mail on its way in: its bytes go to the spool, its header section is watched as it passes;
/// then the commit that the 250 promises.
final class InboundMail: MailIntake {
    /// What the flow gives a mail to live with.
    struct Surroundings: Sendable {
        var store: any MailStore
        var spool: BodySpool.Surroundings
        var queue: ActionQueue
        /// Asked before the commit, and may refuse.
        var judge: SessionJudge
        var account: AccountID
        var settings: InboundSettings
    }

    private let id: MailID
    private let receivedAt: Timestamp
    private let envelope: ReceivedEnvelope
    private let ruleSetVersion: String
    private let question: RejectionQuestion?
    private let isUntaken: Bool
    private let isFeedback: Bool
    private let headLength: Int
    private let surroundings: Surroundings
    private let meter: Mutex<HeaderMeter>
    private let spool: BodySpool

    /// `isFeedback`: to return paths alone. Nobody is asked then what the mail is: that it is about
    /// a mail of ours its address has proven. `question`: nil where no rule refuses the mail.
    init(
        id: MailID, receivedAt: Timestamp, envelope: ReceivedEnvelope, head: ByteBuffer,
        ruleSetVersion: String, question: RejectionQuestion?, isUntaken: Bool, isFeedback: Bool,
        surroundings: Surroundings
    ) {
        self.id = id
        self.receivedAt = receivedAt
        self.envelope = envelope
        self.ruleSetVersion = ruleSetVersion
        self.question = question
        self.isUntaken = isUntaken
        self.isFeedback = isFeedback
        self.headLength = head.readableBytes
        self.surroundings = surroundings
        meter = Mutex(
            HeaderMeter(
                bytesMax: surroundings.settings.headerBytesMax,
                hopsMax: surroundings.settings.hopsMax))
        spool = BodySpool(id, start: head, surroundings.spool)
    }

    func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure {
        switch meter.withLock({ $0.see(bytes) }) {
        case .fine: spool.append(bytes, onDrain: onDrain)
        case .headerTooLarge: spool.refuse(.headerTooLarge)
        case .tooManyHops: spool.refuse(.tooManyHops)
        }
    }

    func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
        spool.finish { result in
            switch result {
            case .success(let content): self.promise(content, completion)
            case .failure(let refusal): completion(.refused(refusal))
            }
        }
    }

    func abandon() {
        spool.abandon()
    }

    private func promise(
        _ content: BodySpool.Content, _ completion: @escaping @Sendable (IntakeOutcome) -> Void
    ) {
        let record = MailRecord(
            id: id, account: surroundings.account, receivedAt: receivedAt, state: .acting,
            envelope: envelope, ruleSetVersion: ruleSetVersion, isUntaken: isUntaken,
            bodyPlace: content.memory == nil ? .file : .row, headLength: headLength,
            totalLength: content.length, checksum: content.checksum)
        let promise = MailPromise(
            surroundings: surroundings, question: question, record: record,
            content: content.memory)
        if isFeedback {
            promise.commit(completion: completion)
        } else {
            promise.decide(completion: completion)
        }
    }
}
