import Synchronization

/// Keys that were made of records, by the record's text: most mail comes from a few domains, and
/// making a key ready takes about as long as using it.
final class KeptKeys: Sendable {
    /// Some kilobytes each. With more, all are let go.
    private static let keysMax = 1000

    private let keys = Mutex<[Text: UsableKey]>([:])

    subscript(_ text: [UInt8]) -> UsableKey? {
        get { keys.withLock { $0[Text(bytes: text)] } }
        set {
            keys.withLock { keys in
                if keys.count >= Self.keysMax { keys = [:] }
                keys[Text(bytes: text)] = newValue
            }
        }
    }

    /// Hashed in one piece, which an array is not.
    private struct Text: Hashable {
        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }
}
