import Crypto
import Foundation

/// What the objects of a bucket are sealed under: 32 random bytes a key, in a file of the operator's.
/// The first seals; all of them open, so that another one can take its place.
package struct ObjectKeys: Sendable, Equatable {
    package static let keyBytes = 32
    package static let keysMax = 16
    static let idBytes = 8

    struct Key: Sendable, Equatable {
        /// Names it in what is sealed, and says nothing of it.
        let id: [UInt8]
        /// Good for the keys of objects alone. RFC 5869
        let wrapping: SymmetricKey

        init(_ bytes: [UInt8]) {
            let root = SymmetricKey(data: bytes)
            id = Self.derived(root, "martlet object key id").withUnsafeBytes {
                Array($0.prefix(ObjectKeys.idBytes))
            }
            wrapping = Self.derived(root, "martlet object keys")
        }

        private static func derived(_ root: SymmetricKey, _ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: root, info: Data(purpose.utf8), outputByteCount: keyBytes)
        }
    }

    let first: Key
    private let others: [Key]

    /// Each is a key in base64; nil where it is anything else, or has a key twice.
    package init?(lines: [String]) {
        let keys = lines.compactMap { line -> Key? in
            guard let data = Data(base64Encoded: line), data.count == Self.keyBytes else {
                return nil
            }
            return Key(Array(data))
        }
        guard let first = keys.first, keys.count == lines.count, keys.count <= Self.keysMax,
            Set(keys.map(\.id)).count == keys.count
        else { return nil }
        self.first = first
        others = Array(keys.dropFirst())
    }

    /// Nil where it is not there.
    func key(_ id: some Sequence<UInt8>) -> Key? {
        ([first] + others).first { $0.id.elementsEqual(id) }
    }
}
