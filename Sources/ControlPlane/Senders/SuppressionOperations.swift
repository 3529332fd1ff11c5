package import MailModel
package import Storage

/// What an operator asks of the suppression lists: the account's, and the global one above it.
package struct SuppressionOperations: Sendable {
    /// Entries of one request, so that each fits the control socket.
    package static let batchMax = 100
    /// Entries of one answer. SES: `PageSize`
    package static let pageMax = 1_000

    private let store: any SuppressionStore
    private let time: any TimeSource
    private let account: AccountID

    package init(
        store: any SuppressionStore, time: any TimeSource, account: AccountID = .main
    ) {
        self.store = store
        self.time = time
        self.account = account
    }

    private func scope(_ isGlobal: Bool) -> SuppressionRecord.Scope {
        isGlobal ? .global : .account(account)
    }

    func put(_ entries: [SuppressionEntry], isGlobal: Bool) async throws -> SenderAnswer {
        guard entries.count <= Self.batchMax else { throw Self.tooMany }
        let now = time.now()
        let records = try entries.map { entry in
            let address = try address(entry.address)
            guard !address.hasPrefix("*@") else {
                throw ControlFailure(.invalid, "“\(address)” \(Self.isNoPattern)")
            }
            return SuppressionRecord(
                scope: scope(isGlobal), address: address, reason: entry.reason, changedAt: now)
        }
        try await store.put(records)
        return .count(records.count)
    }

    func remove(_ addresses: [String], isGlobal: Bool) async throws -> SenderAnswer {
        guard addresses.count <= Self.batchMax else { throw Self.tooMany }
        return .count(
            try await store.removeSuppressions(
                of: try addresses.map(address), in: scope(isGlobal)))
    }

    func show(_ text: String) async throws -> SenderAnswer {
        let address = try address(text)
        var found: [SuppressionView] = []
        for scope in [SuppressionRecord.Scope.global, .account(account)] {
            if let record = try await store.suppression(address, in: scope) {
                found.append(SuppressionView(record))
            }
        }
        guard !found.isEmpty else {
            throw ControlFailure(
                .notFound, "\(address) is on neither suppression list: it is sent to")
        }
        return .suppressions(found)
    }

    func list(_ filter: SuppressionFilter, isGlobal: Bool) async throws -> SenderAnswer {
        var filter = filter
        filter.limit = min(max(filter.limit, 0), Self.pageMax)
        return .suppressions(
            try await store.list(filter, in: scope(isGlobal)).map(SuppressionView.init))
    }

    private func address(_ text: String) throws(ControlFailure) -> String {
        guard let mailbox = Mailbox(text) else {
            throw ControlFailure(.invalid, "“\(text)” is no mail address, such as user@example.com")
        }
        return SuppressionRecord.address(mailbox)
    }

    static let isNoPattern =
        "would be an address of its own, and no pattern: a list holds whole addresses"

    private static let tooMany = ControlFailure(
        .invalid, "at most \(batchMax) addresses a request")
}
