/// What is left of a number of bytes for the texts of an event: a text comes whole or not at all.
struct Room {
    private var bytes: Int
    private(set) var isExceeded = false

    init(bytes: Int) { self.bytes = bytes }

    /// `text`, or nil where it does not fit.
    mutating func fit(_ text: String?) -> String? {
        guard let text else { return nil }
        guard take(text) else { return nil }
        return text
    }

    /// The first of `texts` that fit. Each counts with its quotes and comma.
    mutating func fit(_ texts: [String]) -> [String] {
        Array(texts.prefix { take($0) })
    }

    mutating func fit(_ texts: [String]?) -> [String]? {
        guard let texts else { return nil }
        return fit(texts) as [String]
    }

    private mutating func take(_ text: String) -> Bool {
        let needed = text.utf8.count + 3
        guard needed <= bytes else {
            isExceeded = true
            return false
        }
        bytes -= needed
        return true
    }
}
