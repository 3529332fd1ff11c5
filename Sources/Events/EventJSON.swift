import Foundation

/// How events are written: keys in order, so that the same event has the same bytes.
enum EventJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("texts, numbers and lists of them always encode")
        }
        return Array(data)
    }
}
