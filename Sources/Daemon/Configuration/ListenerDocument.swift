import Documents
import InboundSMTP
import MailModel

/// Reads where the server listens: no two places may be one.
struct ListenerDocument {
    /// Those that were read, and where they stand.
    private var taken: [(Configuration.Listener, DocumentValue)] = []

    init() {}

    mutating func listeners(_ value: DocumentValue?) -> [Configuration.Listener] {
        if let value, value.isSequence, value.list().isEmpty { value.note("at least one listener") }
        return (value?.list() ?? []).compactMap { entry in
            listener(entry, ["address", "port", "tls", "proxyFrom", "role"])
        }
    }

    mutating func health(_ value: DocumentValue) -> Configuration.Listener? {
        listener(value, ConfigurationSchema.keys(at: "health"))
    }

    mutating func web(_ value: DocumentValue) -> Configuration.Web? {
        let keys = ConfigurationSchema.keys(at: "web")
        let listener = listener(value, keys)
        let url = value.mapping(keys: keys)?.required("url").flatMap(top)
        guard let url, let listener else { return nil }
        return Configuration.Web(url: url, listener: listener)
    }

    /// The URL of a host, without a path.
    private func top(_ place: DocumentValue) -> WebURL? {
        guard let text = place.string() else { return nil }
        do throws(WebURL.ParsingError) {
            let url = try WebURL(parsing: text)
            guard url.target == "/" else {
                place.note("“\(text)” has a path or query: we answer at the top of a host")
                return nil
            }
            return url
        } catch {
            place.note(error, of: text)
            return nil
        }
    }

    mutating func s3(_ value: DocumentValue, _ settings: SettingReader) -> Configuration.S3? {
        let keys = ConfigurationSchema.keys(at: "s3")
        let mapping = value.mapping(keys: [])
        let objectBytesMax = settings.int(mapping, "s3.objectBytesMax")
        // Said once, where it is no mapping.
        guard let mapping else { return nil }
        let url = mapping["url"].flatMap(top)
        return listener(value, keys).map {
            Configuration.S3(listener: $0, objectBytesMax: objectBytesMax, url: url)
        }
    }

    private mutating func listener(
        _ value: DocumentValue, _ keys: [String]
    ) -> Configuration.Listener? {
        guard let mapping = value.mapping(keys: keys) else { return nil }
        let address = address(mapping.required("address"))
        let port = mapping.required("port")?.int(in: 0...65_535)
        guard let address, let port else { return nil }
        let listener = Configuration.Listener(
            address: address, port: port,
            isImplicitTLS: mapping["tls"]?.choice([("starttls", false), ("implicit", true)])
                ?? false,
            proxies: mapping.list("proxyFrom").compactMap { $0.block() },
            role: mapping["role"]?.choice([("mx", .mx), ("submission", .submission)]) ?? .mx)
        if let (other, place) = taken.first(where: { $0.0.excludes(listener) }) {
            let isMixed = address.contains(":") != other.address.contains(":")
            value.noteWhole(
                "\(place.path) has port \(port) of “\(other.address)” already"
                    + (isMixed ? ", and “::” takes IPv4 too" : ""))
        }
        taken.append((listener, value))
        return listener
    }

    private func address(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard IPAddress(text) != nil else {
            value.note("“\(text)” is no IP address")
            return nil
        }
        return text
    }
}

extension DocumentValue {
    /// Nil where it is none, which is noted.
    func block() -> CIDRBlock? {
        guard let text = string() else { return nil }
        guard let block = CIDRBlock(text) else {
            note("“\(text)” is no address or block of addresses (192.0.2.0/24, 2001:db8::/32)")
            return nil
        }
        return block
    }
}
