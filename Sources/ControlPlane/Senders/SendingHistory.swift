package import MailModel
package import Storage

/// What an operator can ask whether or not anything is sent: what became of mails that were, and the
/// lists of who is not sent to, which are kept.
package struct SendingHistory: Sendable {
    private let suppressions: SuppressionOperations
    private let sentMails: SentMailOperations

    init(suppressions: SuppressionOperations, sentMails: SentMailOperations) {
        self.suppressions = suppressions
        self.sentMails = sentMails
    }

    /// Where nothing is sent.
    package init(store: any SendingStore & SuppressionStore, time: any TimeSource) {
        self.init(
            suppressions: SuppressionOperations(store: store, time: time),
            sentMails: SentMailOperations(store: store, queue: nil, time: time))
    }

    /// Throws where it is asked for what only a sender has.
    func answer(_ request: SenderRequest) async throws -> ControlAnswer {
        switch request {
        case .listSent(let filter): .sending(try await sentMails.list(filter))
        case .showSent(let id): .sending(try await sentMails.show(id))
        case .suppress(let entries, let isGlobal):
            .sending(try await suppressions.put(entries, isGlobal: isGlobal))
        case .unsuppress(let addresses, let isGlobal):
            .sending(try await suppressions.remove(addresses, isGlobal: isGlobal))
        case .showSuppression(let address): .sending(try await suppressions.show(address))
        case .listSuppressions(let filter, let isGlobal):
            .sending(try await suppressions.list(filter, isGlobal: isGlobal))
        case .exportZone, .listTLSResults, .changeSent:
            throw SenderOperations.notConfigured
        }
    }
}
