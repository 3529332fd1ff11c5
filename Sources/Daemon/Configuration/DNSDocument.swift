import DNSClient
import Documents
import Glibc
import MailModel

/// Reads how the DNS is asked, and where the records of domains stand in it.
struct DNSDocument {
    let settings: SettingReader

    func dns(_ mapping: DocumentMapping?) -> UnboundSettings {
        var dns = UnboundSettings()
        dns.servers = (mapping?["servers"]?.list() ?? []).compactMap(server)
        dns.zones = (mapping?["zones"]?.list() ?? []).compactMap(zone)
        dns.trustAnchor = trustAnchor(mapping?["trustAnchor"])
        dns.timeoutMilliseconds = settings.int(mapping, "dns.timeoutSeconds") * 1_000
        dns.queriesMax = settings.int(mapping, "dns.queriesMax")
        return dns
    }

    private func server(_ value: DocumentValue) -> UnboundSettings.Server? {
        guard let mapping = value.mapping(keys: ["address", "port"]),
            let place = mapping.required("address"), let text = place.string()
        else { return nil }
        let port = mapping["port"].map { $0.int(in: 1...65_535) } ?? 53
        guard let address = IPAddress(text) else {
            place.note("“\(text)” is no IP address")
            return nil
        }
        return port.map { UnboundSettings.Server(address: address, port: $0) }
    }

    private func zone(_ value: DocumentValue) -> UnboundSettings.Zone? {
        guard let mapping = value.mapping(keys: ["name", "file"]),
            let place = mapping.required("name"), let text = place.string(),
            let file = mapping.required("file"), let path = settings.path(file, to: .file)
        else { return nil }
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            file.note("\(path): \(reason)")
        }
        guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") }) else {
            file.note("the path of a zone's file has no quotes and control characters")
            return nil
        }
        do throws(DomainError) {
            return UnboundSettings.Zone(name: try Domain(parsing: text), file: path)
        } catch {
            place.note("“\(text)” is no domain: \(error)")
            return nil
        }
    }

    private func trustAnchor(_ value: DocumentValue?) -> String? {
        guard let value, let path = settings.path(value, to: .file) else { return nil }
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            value.note("\(path): \(reason)")
            return path
        }
        do throws(DocumentProblems) {
            if let problem = TrustAnchorFile.problem(in: try DocumentFile.text(path)) {
                value.note("\(path): \(problem)")
            }
        } catch {
            for problem in error.problems { value.note("\(path): \(problem.message)") }
        }
        return path
    }

    func verificationPrefix(_ mapping: DocumentMapping?) -> String {
        let preset = ConfigurationSchema.setting("identities.verificationPrefix").defaultText
        guard let value = mapping?["verificationPrefix"], let text = value.string() else {
            return preset
        }
        do throws(DomainError) {
            return try Domain(parsing: text).ascii
        } catch {
            value.note("“\(text)” cannot stand before a domain: \(error)")
            return preset
        }
    }
}
