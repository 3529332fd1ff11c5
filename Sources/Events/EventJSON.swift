import Foundation

/// How events that are seldom told are written: keys in order, so that the same event has the same
/// bytes. What each received mail may have told of it is a `JSONValue`.
enum EventJSON {
    /// Made once: making it costs as much as a small event.
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func encode(_ value: some Encodable) -> [UInt8] {
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("texts, numbers and lists of them always encode")
        }
        return Array(data)
    }
}
