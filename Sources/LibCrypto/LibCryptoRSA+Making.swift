import CLibCrypto
import Dispatch
import MailAuthentication

extension LibCryptoRSA: RSAKeyMaking {
    /// One at a time: whoever makes many keys leaves the other cores to the mail.
    private static let queue = DispatchQueue(label: "RSA keys", qos: .utility)

    package func makePrivateKey(bits: Int) async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: Self.key(bits: Int32(bits))) }
        }
    }

    private static func key(bits: Int32) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { return nil }
        defer { EVP_PKEY_free(key) }
        return EncodedKey.bytes { i2d_PrivateKey(key, $0) }
    }
}
