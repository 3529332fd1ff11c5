import DeliveryQueue
import Documents
import MailModel

/// Reads how much the destinations are given that have a pace of their own.
struct PaceDocument {
    private static let connections = 1...1_000
    private static let triesPerMinute = 1...60_000

    let standard: DeliveryPace

    /// By domain.
    func paces(_ value: DocumentValue?) -> [String: DeliveryPace] {
        value?.byDomain(keys: ["connectionsMax", "triesPerMinuteMax"]) { mapping in
            var pace = standard
            let (connections, tries) = (mapping["connectionsMax"], mapping["triesPerMinuteMax"])
            if let most = connections?.int(in: Self.connections) { pace.widthMax = most }
            if let most = tries?.int(in: Self.triesPerMinute) { pace.triesPerMinuteMax = most }
            if connections == nil, tries == nil {
                mapping.value.note("a pace has connectionsMax, triesPerMinuteMax, or both")
            }
            return pace
        } ?? [:]
    }
}
