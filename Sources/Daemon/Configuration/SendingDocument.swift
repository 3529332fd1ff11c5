import Accounts
import DeliveryQueue
import Documents
import Foundation
import MailModel
import Topics

/// Reads how mails are sent.
struct SendingDocument {
    let settings: SettingReader
    let hostname: String
    let listeners: [Configuration.Listener]

    func sending(
        _ root: DocumentMapping, topics: [String: [Subscriber]]
    ) -> Configuration.Sending {
        let section = settings.section(root, "sending")
        let delivery = settings.section(root, "delivery")
        let hours = settings.int(delivery, "delivery.giveUpAfterHours")
        let retries = RetryPlan(giveUpAfterSeconds: Int64(hours) * 3_600)
        let rate = settings.int(delivery, "delivery.triesPerDestinationPerMinuteMax")
        let pace = DeliveryPace(
            widthMax: settings.int(delivery, "delivery.connectionsPerDestinationMax"),
            triesPerMinuteMax: rate > 0 ? rate : nil)
        let document = DeliveryDocument(standard: retries)
        let serviceDomain = section?["serviceDomain"].flatMap(serviceDomain)
        return Configuration.Sending(
            isEnabled: settings.bool(section, "sending.enabled"),
            serviceDomain: serviceDomain,
            nameServer: section?["nameServer"].flatMap {
                NameServerDocument(settings: settings).nameServer(
                    $0, serviceDomain: serviceDomain)
            },
            keepsMessageID: settings.bool(section, "sending.keepMessageID"),
            eventsTopic: section?["eventsTopic"].flatMap { topic($0, topics) },
            port: settings.int(delivery, "delivery.port"),
            allowsPrivateAddresses: settings.bool(delivery, "delivery.allowPrivateAddresses"),
            triesMax: settings.int(delivery, "delivery.triesMax"),
            paces: DeliveryPaces(
                standard: pace, byDestination: PaceDocument(standard: pace).paces(delivery?["pace"])
            ),
            retries: RetryPlans(
                standard: retries, byDestination: document.retries(delivery?["retry"])),
            addresses: document.addresses(delivery?["addresses"]),
            pools: document.pools(delivery?["pools"]),
            relays: delivery?["relays"]?.byDomain(keys: Self.relayKeys, relay) ?? [:],
            smartHost: delivery?["smartHost"].flatMap { value in
                value.mapping(keys: Self.relayKeys).flatMap(relay)
            },
            submitSocket: section?["submitSocket"].map(submitSocket)
                ?? Configuration.SubmitSocket())
    }

    static let submitSocketKeys = ["path", "group", "domain"]

    private func submitSocket(_ value: DocumentValue) -> Configuration.SubmitSocket {
        var socket = Configuration.SubmitSocket()
        guard let mapping = value.mapping(keys: Self.submitSocketKeys) else { return socket }
        if let place = mapping["path"], let path = settings.path(place, to: .file) {
            if path.utf8.count > ConfigurationDocument.socketPathBytesMax {
                place.note(
                    "the path has \(path.utf8.count) bytes; at most "
                        + "\(ConfigurationDocument.socketPathBytesMax) are possible")
            }
            socket.path = path
        }
        if let place = mapping["group"], let name = place.string() {
            socket.group = GroupEntry(name: name)
            if socket.group == nil { place.note("there is no group “\(name)” on this machine") }
        }
        socket.domain = mapping["domain"].flatMap { $0.domain() }
        return socket
    }

    private func serviceDomain(_ value: DocumentValue) -> Domain? {
        guard let domain = value.domain() else { return nil }
        let bytesMax = SendingRecords.serviceDomainBytesMax
        if domain.ascii.utf8.count <= bytesMax { return domain }
        value.note("a service domain has at most \(bytesMax) bytes: names of keys stand before it")
        return nil
    }

    private func topic(_ value: DocumentValue, _ topics: [String: [Subscriber]]) -> String? {
        guard let name = value.string() else { return nil }
        guard topics[name] != nil else {
            value.note("there is no topic “\(name)”")
            return nil
        }
        return name
    }

    private static let relayKeys = [
        "host", "port", "transport", "security", "user", "passwordFile",
    ]

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
            let path = settings.path(place, to: .file)
        else { return nil }
        guard security == .verified || security == .implicit else {
            mapping.note(
                "a password goes to a host that is proven alone: “security: verified” or “implicit”",
                atKey: "user")
            return nil
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            place.note("\(path) cannot be read")
            return nil
        }
        return Relay.Login(user: user, password: text.trimmingCharacters(in: .newlines))
    }
}
