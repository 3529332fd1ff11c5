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
        var paces: [String: DeliveryPace] = [:]
        for entry in value?.list() ?? [] {
            guard
                let mapping = entry.mapping(
                    keys: ["domain", "connectionsMax", "triesPerMinuteMax"])
            else { continue }
            let place = mapping.required("domain")
            var pace = standard
            let (connections, tries) = (mapping["connectionsMax"], mapping["triesPerMinuteMax"])
            if let most = connections?.int(in: Self.connections) { pace.widthMax = most }
            if let most = tries?.int(in: Self.triesPerMinute) { pace.triesPerMinuteMax = most }
            if connections == nil, tries == nil {
                entry.note("a pace has connectionsMax, triesPerMinuteMax, or both")
            }
            guard let place, let domain = place.domain() else { continue }
            if paces.updateValue(pace, forKey: domain.ascii) != nil {
                place.note("the domain \(domain) stands above already")
            }
        }
        return paces
    }
}
