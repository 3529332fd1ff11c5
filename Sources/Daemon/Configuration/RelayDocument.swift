import DeliveryQueue
import Documents
import MailModel

/// Reads the hosts that take mail for others.
struct RelayDocument {
    private static let keys = ["host", "port", "transport", "security", "user", "passwordFile"]

    let settings: SettingReader
    let hostname: String
    let listeners: [Configuration.Listener]

    /// Those of a domain by the domain, and those that rules name by their names.
    func relays(_ value: DocumentValue?) -> (byDomain: [String: Relay], byName: [String: Relay]) {
        var byDomain: [String: Relay] = [:]
        var byName: [String: Relay] = [:]
        var seen: Set<String> = []
        for entry in value?.list() ?? [] {
            guard let mapping = entry.mapping(keys: ["domain", "name"] + Self.keys) else {
                continue
            }
            let relay = relay(mapping)
            let place = mapping["name"] ?? mapping.required("domain")
            if mapping["name"] != nil, mapping["domain"] != nil {
                mapping.note(
                    "a relay has a domain, whose mail it takes, or a name, by which rules say what it takes",
                    atKey: "name")
                continue
            }
            let isNamed = mapping["name"] != nil
            guard let place, let key = isNamed ? name(place) : place.domain()?.ascii else {
                continue
            }
            guard seen.insert(key).inserted else {
                place.note(
                    isNamed
                        ? "a relay called “\(key)” stands above already"
                        : "the domain \(key) stands above already")
                continue
            }
            if isNamed { byName[key] = relay } else { byDomain[key] = relay }
        }
        return (byDomain, byName)
    }

    func smartHost(_ value: DocumentValue) -> Relay? {
        value.mapping(keys: Self.keys).flatMap(relay)
    }

    /// It stands in destinations, beside those of domains.
    private func name(_ value: DocumentValue) -> String? {
        guard let text = value.string() else { return nil }
        let bytes = text.utf8
        let isName =
            (1...64).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        if isName { return text }
        value.note("“\(text)” is no name: at most 64 small letters, digits, “-” and “_”")
        return nil
    }

    private func relay(_ mapping: DocumentMapping) -> Relay? {
        let host = mapping.required("host")?.string()
        let port = mapping.required("port")?.int(in: 1...65_535)
        let transport =
            mapping["transport"]?.choice([("smtp", Relay.Transport.smtp), ("lmtp", .lmtp)])
            ?? .smtp
        let security =
            mapping["security"]?.choice([
                ("verified", Relay.Security.verified), ("implicit", .implicit),
                ("opportunistic", .opportunistic), ("none", .none),
            ]) ?? .verified
        guard let host, let port else { return nil }
        guard IPAddress(host) != nil || (try? Domain(parsing: host)) != nil else {
            mapping["host"]?.note("“\(host)” is no name and no address")
            return nil
        }
        if isOurs(host, port) {
            mapping["host"]?.note(
                "\(host), port \(port), is this server's own: mail would go round in a circle")
        }
        return Relay(
            host: host, port: port, transport: transport, security: security,
            login: login(mapping, security))
    }

    /// Whether one of our listeners is what answers there.
    private func isOurs(_ host: String, _ port: Int) -> Bool {
        let name = (try? Domain(parsing: host))?.ascii
        let address = IPAddress(name == "localhost" ? "127.0.0.1" : host)
        return listeners.contains { listener in
            guard listener.port == port, let own = IPAddress(listener.address) else { return false }
            let isEverywhere = own.bytes.allSatisfy { $0 == 0 }
            // Another server may stand at the name's own address.
            guard let address else { return name == hostname && !own.isLoopback }
            return own == address || isEverywhere && address.isLoopback
        }
    }

    private func login(_ mapping: DocumentMapping, _ security: Relay.Security) -> Relay.Login? {
        guard let user = mapping["user"]?.string() else {
            mapping["passwordFile"]?.note("a password is of a “user”, and none is named")
            return nil
        }
        guard let place = mapping.required("passwordFile"),
            let (lines, path) = settings.secretLines(place)
        else { return nil }
        guard security == .verified || security == .implicit else {
            mapping.note(
                "a password goes to a host that is proven alone: “security: verified” or “implicit”",
                atKey: "user")
            return nil
        }
        guard lines.count == 1 else {
            place.note("\(path) is not one line with the password")
            return nil
        }
        return Relay.Login(user: user, password: lines[0])
    }
}
