import Documents
import MailModel

extension DocumentValue {
    /// A list of mappings, each about the `domain` that it names, which stands there once: what
    /// `read` makes of them, by domain. `keys`: those besides.
    func byDomain<Value>(
        keys: [String], _ read: (DocumentMapping) -> Value?
    ) -> [String: Value] {
        var values: [String: Value] = [:]
        var seen: Set<String> = []
        for entry in list() {
            guard let mapping = entry.mapping(keys: ["domain"] + keys) else { continue }
            let value = read(mapping)
            guard let place = mapping.required("domain"), let domain = place.domain() else {
                continue
            }
            guard seen.insert(domain.ascii).inserted else {
                place.note("the domain \(domain) stands above already")
                continue
            }
            values[domain.ascii] = value
        }
        return values
    }
}
