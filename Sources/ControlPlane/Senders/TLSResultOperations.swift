import Foundation
package import MailModel
package import Storage

/// What an operator asks of how connections to exchangers were secured.
package struct TLSResultOperations: Sendable {
    private let store: any TLSResultStore
    private let time: any TimeSource
    private let onRead: @Sendable () async throws(StorageFailure) -> Void

    /// `onRead` brings what is not in the store yet into it.
    package init(
        store: any TLSResultStore, time: any TimeSource,
        onRead: @escaping @Sendable () async throws(StorageFailure) -> Void
    ) {
        self.store = store
        self.time = time
        self.onRead = onRead
    }

    /// Of today where no day is given: `2026-11-28`, in UTC.
    func list(_ text: String?) async throws -> SenderAnswer {
        let today = TLSResultCount.day(of: time.now())
        let day = try text.map(Self.day) ?? today
        try await onRead()
        return .tlsResults(try await store.tlsResults(of: day).map(TLSResultView.init))
    }

    private static func day(_ text: String) throws(ControlFailure) -> Int {
        let reader = ISO8601DateFormatter()
        reader.formatOptions = [.withFullDate]
        guard let date = reader.date(from: text) else {
            throw ControlFailure(.invalid, "“\(text)” is no day: YYYY-MM-DD, in UTC")
        }
        return Int(date.timeIntervalSince1970) / 86_400
    }
}

/// How often connections to one exchanger were secured in one day, or failed in one way.
package struct TLSResultView: Sendable, Codable {
    /// ISO 8601, in UTC.
    package var day: String
    /// Of the recipients; nil for the row of what found no room of its own, which has no other
    /// names either.
    package var policyDomain: String?
    /// RFC 8460 §4.4: `sts`, `tlsa` or `no-policy-found`; `others` for that row.
    package var policyType: String
    package var receivingMX: String?
    /// RFC 8460 §4.3; nil: secured as the policy asks.
    package var failure: String?
    package var sessions: Int

    init(_ count: TLSResultCount) {
        let start = Timestamp(milliseconds: Int64(count.key.day) * 86_400_000)
        day = String(start.iso8601Text.prefix(10))
        policyDomain = Self.text(count.key.domain)
        policyType = count.key.policy.rawValue
        receivingMX = Self.text(count.key.host)
        failure = Self.text(count.key.failure)
        sessions = count.sessions
    }

    private static func text(_ text: String) -> String? { text.isEmpty ? nil : text }
}
