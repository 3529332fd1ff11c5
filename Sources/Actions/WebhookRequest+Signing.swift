import MailModel

extension WebhookRequest {
    /// A request with the three fields of Standard Webhooks, signed at `now` by each of `secrets`.
    /// `id` stays the same at each try.
    init(
        _ body: [UInt8], mediaType: String, id: String, at now: Timestamp,
        signedBy secrets: [WebhookSecret], besides fields: [(name: String, value: String)] = []
    ) {
        let id = Self.withoutDots(id)
        let signatures = secrets.map { $0.signature(id: id, at: now, of: body) }
        self.init(
            headers: [
                ("Content-Type", mediaType), ("User-Agent", "Martlet"),
                ("webhook-id", id), ("webhook-timestamp", "\(now.milliseconds / 1_000)"),
                ("webhook-signature", signatures.joined(separator: " ")),
            ] + fields, body: body)
    }

    /// A `.` would end the id in what is signed.
    private static func withoutDots(_ id: String) -> String {
        id.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "%2E")
    }
}
