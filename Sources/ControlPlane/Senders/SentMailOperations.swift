package import DeliveryQueue
package import MailModel
package import Storage

/// What an operator asks of mails that are sent: the queue's rows, and changes of them.
package struct SentMailOperations: Sendable {
    /// Entries of one answer.
    package static let pageMax = 10_000

    private let store: any SendingStore
    private let queue: DeliveryQueue
    private let time: any TimeSource

    package init(store: any SendingStore, queue: DeliveryQueue, time: any TimeSource) {
        self.store = store
        self.queue = queue
        self.time = time
    }

    func list(_ filter: SentMailFilter) async throws -> SenderAnswer {
        var parsed = try parsed(filter)
        if filter.states.isEmpty { parsed.states = [.queued, .held] }
        return .sentRecipients(try await store.list(parsed).map(SentRecipientView.init))
    }

    func counts() async throws -> SendingCounts { try await store.sendingCounts() }

    func show(_ text: String) async throws -> SenderAnswer {
        let id = try id(text)
        guard let mail = try await store.sentMail(id) else { throw Self.missing(text) }
        return .sentMail(SentMailView(mail, try await store.recipients(of: id)))
    }

    func apply(
        _ change: SentMailChange, _ filter: SentMailFilter, isDry: Bool
    ) async throws -> SenderAnswer {
        if let state = filter.states.first(where: { !change.states.contains($0) }) {
            throw ControlFailure(.invalid, "\(change.rawValue) does nothing to what is \(state)")
        }
        let parsed = try parsed(filter)
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

    private func parsed(_ filter: SentMailFilter) throws(ControlFailure) -> SendingFilter {
        var parsed = SendingFilter()
        parsed.states = filter.states
        parsed.mail = try filter.messageID.map { text throws(ControlFailure) in try id(text) }
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

    private func id(_ text: String) throws(ControlFailure) -> MessageID {
        guard let id = MessageID(text) else {
            throw ControlFailure(
                .invalid,
                "“\(text)” is no message id: \(MessageID.textLength) characters, as martlet send "
                    + "and the answers of submission have them")
        }
        return id
    }

    private static func missing(_ id: String) -> ControlFailure {
        ControlFailure(
            .notFound, "there is no sent mail \(id): it never was, or its record has gone")
    }
}
