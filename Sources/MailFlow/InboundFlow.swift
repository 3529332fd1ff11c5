package import Accounts
import Crypto
package import MailModel
import NIOCore
import RuleEngine
package import Storage
import Synchronization

/// The way of a received mail, one call a step:
/// **admit** (peer, then each recipient) → **receive** (`InboundMail` streams it to the spool) →
/// **decide** (`SessionJudge`, where policy or rules refuse mails for what they are) → **commit** (one
/// durable group commit) → **250** → **understand** and **act** (`ActionRunner`) → **retire**.
///
/// Decides whom we take mail from and for; owns no socket, file or table.
package final class InboundFlow: MailReceiver {
    private let settings: InboundSettings
    private let identities: IdentityDirectory
    private let returnPaths: ReturnPaths?
    package let duties: DutyAddresses
    private let rules: ActiveRules
    private let filters: AddressFilters
    private let peers: PeerNames?
    private let spool: InboundMail.Surroundings
    private let room: any SpoolRoom
    private let time: any TimeSource
    private let random: any RandomSource
    private let headers: ReceivedHeaders
    private let isClosed = Mutex(false)
    private let isShedding = Atomic(false)
    private let latestID = Mutex(Timestamp(milliseconds: 0))

    /// `peers`: nil where nobody is asked for the names of peers. `returnPaths`: nil where nothing
    /// is sent, and so nothing comes back.
    package init(
        settings: InboundSettings, filters: AddressFilters, peers: PeerNames?,
        identities: IdentityDirectory, returnPaths: ReturnPaths? = nil, rules: ActiveRules,
        store: any MailStore, bodies: any BodyFiles,
        threads: any BlockingThreads, room: any SpoolRoom, queue: ActionQueue,
        judge: SessionJudge,
        time: any TimeSource, random: any RandomSource, account: AccountID = .main,
        onFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        self.settings = settings
        self.filters = filters
        self.peers = peers
        self.identities = identities
        self.returnPaths = returnPaths
        duties = DutyAddresses(
            hostname: settings.hostname, identities: identities, returnPaths: returnPaths)
        self.rules = rules
        self.room = room
        self.time = time
        self.random = random
        headers = ReceivedHeaders(hostname: settings.hostname, receiptKey: settings.receiptKey)
        spool = InboundMail.Surroundings(
            store: store,
            spool: BodySpool.Surroundings(
                bodies: bodies, room: room, threads: threads,
                thresholdBytes: settings.bodyFileThresholdBytes,
                pendingBytesMax: settings.pendingBytesMax, onFailure: onFailure),
            queue: queue, judge: judge, account: account, settings: settings)
    }

    // MARK: Admit

    package func admit(peerAddress: String) -> Admission {
        guard !isClosed.withLock({ $0 }) else { return .refused(.shuttingDown) }
        guard !isShedding.load(ordering: .relaxed) else { return .refused(.overloaded) }
        // Whom no filter can name, none can let in.
        guard let address = IPAddress(peerAddress) else { return .refused(.peerBlocked) }
        guard filters.admits(address) else { return .refused(.peerBlocked) }
        peers?.lookUp(address)
        return .admitted
    }

    package func peerName(of peerAddress: String) -> PeerName {
        peers?.name(of: peerAddress) ?? .unknown
    }

    package func begin() -> Timestamp { time.now() }

    package func admit(
        recipient: ForwardPath, of envelope: ReceivedEnvelope, begunAt: Timestamp
    ) -> RecipientAdmission {
        let mailbox =
            switch recipient {
            case .postmaster: Mailbox.postmaster(at: settings.hostname)
            case .mailbox(let mailbox): mailbox
            }
        let evaluator = rules.current
        var envelope = envelope
        if evaluator.rejects { envelope.peerName = peerName(of: envelope.peerAddress) }
        if let refusal = refusal(of: mailbox, envelope, evaluator, at: begunAt) {
            return .refused(refusal)
        }
        if evaluator.ruleSet.isPerRecipient,
            envelope.recipients.count >= RuleEvaluator.recipientsMax
        {
            return .refused(.tooManyRecipients)
        }
        // One answer at the end is for all: rules that may refuse the mail do so for all or none.
        if let first = envelope.recipients.first,
            outlook(for: [first, mailbox], envelope, evaluator, at: begunAt) == nil
        {
            return .refused(.otherRules)
        }
        return .admitted(mailbox)
    }

    private func refusal(
        of mailbox: Mailbox, _ envelope: ReceivedEnvelope, _ evaluator: RuleEvaluator,
        at begunAt: Timestamp
    ) -> Refusal? {
        switch returnPaths?.reading(of: mailbox) {
        case .token: return nil
        case .forged: return .recipientUnknown
        case .other, nil: break
        }
        if duties.contains(mailbox) { return nil }
        guard identities.covers(mailbox) else { return .recipientUnknown }
        let outlook = outlook(for: [mailbox], envelope, evaluator, at: begunAt)
        if case .refused(let rejection) = outlook { return Refusal(rejection) }
        return switch evaluator.admits(mailbox, isTLS: envelope.tls != nil) {
        case .taken: nil
        case .tlsRequired: .tlsRequired
        case .unknown: .recipientUnknown
        }
    }

    /// What rules will make of a mail whose content is still to come; nil where that may be one
    /// thing for one of `recipients` and another for another.
    private func outlook(
        for recipients: [Mailbox], _ envelope: ReceivedEnvelope,
        _ evaluator: RuleEvaluator, at begunAt: Timestamp
    ) -> RejectionOutlook? {
        guard evaluator.rejects else { return .taken }
        var found: RejectionOutlook?
        for recipient in recipients {
            let isAsked = returnPaths?.token(of: recipient) == nil && !duties.contains(recipient)
            let outlook =
                isAsked
                ? evaluator.rejectionOutlook(MailFacts(envelope, for: [recipient], at: begunAt))
                : .taken
            guard found == nil || found == outlook else { return nil }
            found = outlook
        }
        return found
    }

    /// Nobody logs in where anybody may hand over mail.
    package func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome { .refused }

    // MARK: Receive

    package func open(
        _ envelope: ReceivedEnvelope, _ details: MailDetails
    ) -> Result<any MailIntake, Refusal> {
        let declaredSize = details.declaredSize
        guard !isClosed.withLock({ $0 }) else { return .failure(.shuttingDown) }
        guard !isShedding.load(ordering: .relaxed) else { return .failure(.overloaded) }
        guard room.hasRoom(forBytes: declaredSize ?? 0) else {
            return .failure(.insufficientStorage)
        }
        let now = time.now()
        let id = MailID(at: timeOfID(now), random: random)
        let evaluator = rules.current
        var head = ByteBuffer()
        head.reserveCapacity(1024 + min(declaredSize ?? 0, settings.bodyFileThresholdBytes))
        headers.write(envelope, id: id, at: now, into: &head)
        let others = envelope.recipients.filter { returnPaths?.token(of: $0) == nil }
        return .success(
            InboundMail(
                id: id, receivedAt: now, envelope: envelope, head: head,
                ruleSetVersion: evaluator.version,
                question: RejectionQuestion(
                    outlook(for: envelope.recipients, envelope, evaluator, at: details.begunAt),
                    evaluator, begunAt: details.begunAt),
                isUntaken: others.count == envelope.recipients.count
                    && !others.contains {
                        evaluator.admits($0, isTLS: envelope.tls != nil) == .taken
                    },
                isFeedback: others.isEmpty, surroundings: spool))
    }

    /// Ids sort as the mails came, also when the clock goes back: then they stand still.
    private func timeOfID(_ now: Timestamp) -> Timestamp {
        latestID.withLock { latest in
            latest = max(latest, now)
            return latest
        }
    }

    // MARK: Operation

    /// Takes no further mail; running ones finish.
    package func close() {
        isClosed.withLock { $0 = true }
    }

    /// Begins or ends to turn new sessions and new mails away, because too much waits already.
    package func shed(_ isShedding: Bool) {
        self.isShedding.store(isShedding, ordering: .relaxed)
    }

    /// Whether mail is taken at all.
    package var isOpen: Bool { !isClosed.withLock { $0 } }
}

/// The port that says whether the disk has room above its reserve; answers at once, from a figure
/// at most about a second old.
package protocol SpoolRoom: Sendable {
    func hasRoom(forBytes bytes: Int) -> Bool
    /// As above for `bytes` that are about to be written, and count from now on.
    func take(bytes: Int) -> Bool
}

extension Mailbox {
    /// `postmaster@` our host name: whom a bare `<Postmaster>` means.
    static func postmaster(at hostname: String) -> Mailbox {
        Mailbox(validatedLocalPart: "postmaster", domain: Domain(validatedASCII: hostname))
    }
}
