import DNS
import DNSClient
import Documents
import Foundation
import MailModel

/// Reads which name server takes the service domain's records from us.
struct NameServerDocument {
    let settings: SettingReader
    private static let port = 53

    func nameServer(_ value: DocumentValue, serviceDomain: Domain?) -> NameServer? {
        guard let mapping = value.mapping(keys: ["address", "port", "zone", "key"]) else {
            return nil
        }
        guard let serviceDomain else {
            value.note("without sending.serviceDomain there is nothing to tell it")
            return nil
        }
        let address = mapping.required("address").flatMap(self.address)
        let port = mapping["port"].map { $0.int(in: 1...65_535) } ?? Self.port
        let zone = mapping["zone"].map { self.zone($0, of: serviceDomain) } ?? serviceDomain
        let key = mapping.required("key").flatMap(self.key)
        guard let address, let port, let zone, let key else { return nil }
        return NameServer(address: address, port: port, zone: zone, key: key)
    }

    private func address(_ value: DocumentValue) -> IPAddress? {
        guard let text = value.string() else { return nil }
        if let address = IPAddress(text) { return address }
        value.note("“\(text)” is no IP address")
        return nil
    }

    private func zone(_ value: DocumentValue, of serviceDomain: Domain) -> Domain? {
        guard let zone = value.domain() else { return nil }
        if zone == serviceDomain || serviceDomain.isBelow(zone) { return zone }
        value.note("\(serviceDomain), the service domain, does not stand in the zone \(zone)")
        return nil
    }

    private func key(_ value: DocumentValue) -> TSIGKey? {
        guard let mapping = value.mapping(keys: ["name", "algorithm", "secretFile"]) else {
            return nil
        }
        let name = mapping.required("name")?.domain()
        let algorithm =
            mapping["algorithm"].map { value in
                value.choice(TSIGKey.Algorithm.allCases.map { ($0.rawValue, $0) })
            } ?? .sha256
        let secret = mapping.required("secretFile").flatMap(self.secret)
        guard let name, let algorithm, let secret else { return nil }
        return TSIGKey(name: name, algorithm: algorithm, secret: secret)
    }

    /// What is wrong with it is told without what stands in it.
    private func secret(_ place: DocumentValue) -> [UInt8]? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        guard lines.count == 1, let data = Data(base64Encoded: lines[0]) else {
            place.note("\(path) is not a key in base64, and nothing else")
            return nil
        }
        guard data.count >= TSIGKey.secretBytesMin else {
            place.note(
                "the secret in \(path) has \(data.count) bytes; it needs "
                    + "\(TSIGKey.secretBytesMin)")
            return nil
        }
        return Array(data)
    }
}
