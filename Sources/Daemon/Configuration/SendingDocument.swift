import Accounts
import DeliveryQueue
import Documents
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
        let relayDocument = RelayDocument(
            settings: settings, hostname: hostname, listeners: listeners)
        let relays = relayDocument.relays(delivery?["relays"])
        return Configuration.Sending(
            isEnabled: settings.bool(section, "sending.enabled"),
            serviceDomain: serviceDomain,
            nameServer: section?["nameServer"].flatMap {
                NameServerDocument(settings: settings).nameServer(
                    $0, serviceDomain: serviceDomain)
            },
            keepsMessageID: settings.bool(section, "sending.keepMessageID"),
            eventsTopic: section?["eventsTopic"].flatMap { topic($0, topics) },
            topicsFrom: section?["topicsFrom"].flatMap(author),
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
            relays: relays.byDomain, namedRelays: relays.byName,
            smartHost: delivery?["smartHost"].flatMap(relayDocument.smartHost),
            submitSocket: section?["submitSocket"].map(submitSocket)
                ?? Configuration.SubmitSocket())
    }

    /// Whether it is of a verified identity, the database alone knows.
    private func author(_ value: DocumentValue) -> Mailbox? {
        guard let text = value.string() else { return nil }
        guard let author = Mailbox(text), author.localPart.utf8.allSatisfy({ $0 < 128 }) else {
            value.note("“\(text)” is no address whose part before the @ is ASCII")
            return nil
        }
        return author
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
}
