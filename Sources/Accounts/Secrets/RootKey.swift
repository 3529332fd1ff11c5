import Crypto
import Foundation

/// The one secret of an installation, from which every key that the server itself needs is derived:
/// 32 random bytes, kept in a file of its own and never in the database. RFC 5869
package struct RootKey: Sendable {
    package static let bytesCount = 32

    /// What a key is for: no two purposes share one.
    enum Purpose: String {
        case secrets = "martlet secrets at rest"
        case returnPaths = "martlet return paths"
        /// Names the key without telling it.
        case fingerprint = "martlet key fingerprint"
    }

    private let bytes: SymmetricKey

    /// Nil unless there are `bytesCount`.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.bytesCount else { return nil }
        self.bytes = SymmetricKey(data: Array(bytes))
    }

    /// 32 bytes that are good for `purpose` alone.
    func key(for purpose: Purpose) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: bytes, info: Data(purpose.rawValue.utf8), outputByteCount: 32)
    }
}
