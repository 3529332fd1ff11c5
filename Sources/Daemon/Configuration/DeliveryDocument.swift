import DeliveryQueue
import Documents
import MailModel
import OutboundSMTP

/// Reads when mails are tried again, and which addresses of this machine they leave from.
struct DeliveryDocument {
    private static let delayMinutes = 1...1_440
    private static let delaysMax = 100
    private static let hours = 1...720

    let standard: RetryPlan

    // MARK: Retries

    /// The plans of domains that have one of their own, by domain.
    func retries(_ value: DocumentValue?) -> [String: RetryPlan] {
        value?.byDomain(keys: ["delaysMinutes", "giveUpAfterHours"]) { mapping in
            var plan = standard
            if let delays = mapping["delaysMinutes"].flatMap(delays) { plan.delaysSeconds = delays }
            if let hours = mapping["giveUpAfterHours"]?.int(in: Self.hours) {
                plan.giveUpAfterSeconds = Int64(hours) * 3_600
            }
            return plan
        } ?? [:]
    }

    /// Nil where it is no list of delays.
    private func delays(_ value: DocumentValue) -> [Int64]? {
        let list = value.list()
        guard (1...Self.delaysMax).contains(list.count) else {
            value.note("a schedule has 1 to \(Self.delaysMax) delays")
            return nil
        }
        return list.compactMap { $0.int(in: Self.delayMinutes).map { Int64($0) * 60 } }
    }

    // MARK: Addresses

    /// The pools that have a name, and whose mails leave from them.
    func pools(_ value: DocumentValue?) -> [Configuration.SendingPool] {
        var names: Set<String> = []
        var sets: Set<String> = []
        return (value?.list() ?? []).compactMap { entry in
            guard let mapping = entry.mapping(keys: ["name", "addresses", "configurationSets"])
            else { return nil }
            let addresses = self.addresses(mapping.required("addresses"))
            let listed = mapping.required("configurationSets")?.list()
            let chosen = (listed ?? []).compactMap { place -> String? in
                guard let set = place.string() else { return nil }
                if sets.insert(set).inserted { return set }
                place.note("the configuration set “\(set)” has a pool already")
                return nil
            }
            guard let place = mapping.required("name"), let name = place.string() else {
                return nil
            }
            guard !name.isEmpty, names.insert(name).inserted else {
                place.note(
                    name.isEmpty
                        ? "a pool has a name" : "the pool “\(name)” stands above already")
                return nil
            }
            if addresses.isEmpty { mapping.note("a pool has addresses", atKey: "addresses") }
            if listed?.isEmpty == true {
                mapping.note("a pool has configuration sets", atKey: "configurationSets")
            }
            return Configuration.SendingPool(
                name: name, addresses: addresses, configurationSets: chosen)
        }
    }

    func addresses(_ value: DocumentValue?) -> [DeliverySettings.SendingAddress] {
        var seen: Set<IPAddress> = []
        return (value?.list() ?? []).compactMap { entry in
            guard let mapping = entry.mapping(keys: ["address", "hello"]) else { return nil }
            let hello = mapping["hello"]?.domain()?.ascii
            guard let place = mapping.required("address"), let text = place.string() else {
                return nil
            }
            guard let address = IPAddress(text) else {
                place.note("“\(text)” is no IP address")
                return nil
            }
            guard seen.insert(address).inserted else {
                place.note("the address \(address) stands above already")
                return nil
            }
            return DeliverySettings.SendingAddress(address, hello: hello)
        }
    }
}
