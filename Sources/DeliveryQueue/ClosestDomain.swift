extension Dictionary where Key == String {
    /// Of `name`, or of the closest domain above it that has a value; a relay is no domain.
    func closest(to name: String) -> Value? {
        guard !isEmpty, !name.hasPrefix(RouteTable.relayPrefix) else { return nil }
        var name = name[...]
        while true {
            if let value = self[String(name)] { return value }
            guard let dot = name.firstIndex(of: ".") else { return nil }
            name = name[name.index(after: dot)...]
        }
    }
}
