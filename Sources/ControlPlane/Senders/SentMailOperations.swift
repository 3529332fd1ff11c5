package import DeliveryQueue
package import MailModel
package import Storage

/// What an operator asks of mails that are sent: the queue's rows, and changes of them.
package struct SentMailOperations: Sendable {
    /// Entries of one answer.
    package static let pageMax = 10_000

    private let store: any SendingStore
    private let queue: DeliveryQueue?
    private let time: any TimeSource

    /// No `queue`: nothing is sent, and nothing can be changed.
    package init(store: any SendingStore, queue: DeliveryQueue?, time: any TimeSource) {
        self.store = store
        self.queue = queue
        self.time = time
    }

    /// Destinations that rest, of one answer.
    private static let restingMax = 10

    func status() async throws -> SendingStatusView? {
        guard let queue else { return nil }
        return SendingStatusView(
            try await queue.counts(), beingTried: queue.atWork,
            next: try await store.nextDue()?.iso8601Text,
            resting: try await store.failingDestinations(limit: Self.restingMax))
    }

    func list(_ filter: SentMailFilter) async throws -> SenderAnswer {
        var parsed = try await parsed(filter)
        if filter.states.isEmpty { parsed.states = [.queued, .held] }
        let found = try await store.list(parsed)
        let resting = try await resting(found.map(\.recipient))
        return .sentRecipients(found.map { SentRecipientView($0.mail, $0.recipient, resting) })
    }

    /// By their names, those that recipients wait for and that failed as a whole.
    private func resting(
        _ recipients: [SentRecipient]
    ) async throws(StorageFailure) -> [String: DestinationRecord] {
        let names = Set(recipients.filter { $0.state == .queued }.map(\.destination))
        let failing = try await store.destinations(names).filter { $0.failures > 0 }
        return Dictionary(failing.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    func show(_ text: String) async throws -> SenderAnswer {
        let id = try await find(text)
        guard let mail = try await store.sentMail(id) else { throw Self.missing(id.text) }
        let recipients = try await store.recipients(of: id)
        return .sentMail(SentMailView(mail, recipients, try await resting(recipients)))
    }

    func apply(
        _ change: SentMailChange, _ filter: SentMailFilter, isDry: Bool
    ) async throws -> SenderAnswer {
        guard let queue else { throw SenderOperations.notConfigured }
        if let state = filter.states.first(where: { !change.states.contains($0) }) {
            let able = change.states.map(\.rawValue).joined(separator: " or ")
            throw ControlFailure(
                .invalid,
                "\(change.rawValue) does nothing to what is \(state): only to what is \(able)")
        }
        let parsed = try await parsed(filter)
        if let id = parsed.mail, try await store.sentMail(id) == nil {
            throw Self.missing(id.text)
        }
        let changed =
            isDry
            ? DeliveryQueue.Changed(count: try await queue.count(change, of: parsed))
            : try await queue.apply(change, to: parsed)
        return .sentMailChange(
            SentMailChangeView(
                change: change.rawValue, count: changed.count, busy: changed.busy, isDry: isDry))
    }

    private func parsed(_ filter: SentMailFilter) async throws -> SendingFilter {
        var parsed = SendingFilter()
        parsed.states = filter.states
        if let text = filter.messageID { parsed.mail = try await find(text) }
        // Of a script whose variable is not set; it would mean every mail.
        guard filter.to != "", filter.from != "" else {
            throw ControlFailure(.invalid, "a part of an address has at least one character")
        }
        parsed.recipient = filter.to
        parsed.recipientDomain = try filter.toDomain.map { text throws(ControlFailure) in
            do throws(DomainError) {
                return try Domain(parsing: text).ascii
            } catch {
                throw ControlFailure(.invalid, "“\(text)” is no domain: \(error)")
            }
        }
        parsed.sender = filter.from
        if let seconds = filter.olderThanSeconds {
            guard (0...315_360_000).contains(seconds) else {
                throw ControlFailure(.invalid, "an age is at most ten years")
            }
            parsed.acceptedBefore = time.now().advanced(bySeconds: -seconds)
        }
        parsed.limit = min(max(filter.limit, 0), Self.pageMax)
        return parsed
    }

    /// Ids that are named where several are meant by what was said.
    private static let namedMax = 5

    /// The message id that is, or begins with, `text`; a whole one need not be there.
    private func find(_ text: String) async throws -> MessageID {
        let wanted = text.lowercased()
        if let id = MessageID(wanted) { return id }
        guard (1..<MessageID.textLength).contains(wanted.utf8.count),
            wanted.utf8.allSatisfy({ $0 == 0x2D || $0.isASCIIDigit || (0x61...0x66).contains($0) })
        else {
            throw ControlFailure(
                .invalid,
                "“\(text)” is no message id, and begins none: \(MessageID.textLength) characters, "
                    + "as martlet send and the answers of submission have them")
        }
        let ids = try await store.sentMails(startingWith: wanted, limit: Self.namedMax + 1)
        guard let id = ids.first else {
            throw ControlFailure(
                .notFound,
                "no sent mail's id begins with “\(text)”: \(Self.isGone)")
        }
        guard ids.count == 1 else {
            let named = ids.prefix(Self.namedMax).map(\.text).joined(separator: ", ")
            throw ControlFailure(
                .invalid,
                "several ids begin with “\(text)”: give more of it. They are \(named)"
                    + (ids.count > Self.namedMax ? " and others" : ""))
        }
        return id
    }

    private static let isGone =
        "it never was, or its record has gone (martlet queue sent lists those that wait, and with "
        + "--state those that are done with)"

    private static func missing(_ id: String) -> ControlFailure {
        ControlFailure(
            .notFound, "there is no sent mail \(id): \(isGone)")
    }
}
