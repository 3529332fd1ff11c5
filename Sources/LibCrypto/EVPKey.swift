import CLibCrypto
import MailAuthentication

/// An RSA key of libcrypto, freed with its last user.
///
/// `@unchecked Sendable`: the key is not changed after it was made, and libcrypto lets threads use
/// one key at once, each with a context of its own.
final class EVPKey: @unchecked Sendable {
    private let key: OpaquePointer

    /// Takes the key over.
    init(_ key: OpaquePointer) {
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// A context for one operation with this key, made ready for PKCS#1 v1.5 over `hash`.
    private func withContext<Result>(
        _ begin: (OpaquePointer) -> Int32, _ hash: SignatureHash,
        _ body: (OpaquePointer) -> Result?
    ) -> Result? {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard begin(context) == 1,
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(context, hash.function) == 1
        else { return nil }
        return body(context)
    }
}

extension EVPKey: RSAPublicKey {
    func isValid(_ signature: [UInt8], of digest: [UInt8], by hash: SignatureHash) -> Bool {
        withContext(EVP_PKEY_verify_init, hash) { context in
            EVP_PKEY_verify(context, signature, signature.count, digest, digest.count) == 1
        } ?? false
    }
}

extension EVPKey: RSAPrivateKey {
    var bits: Int { Int(EVP_PKEY_get_bits(key)) }

    func signature(of digest: [UInt8], by hash: SignatureHash) throws(SigningFailure) -> [UInt8] {
        let size = Int(EVP_PKEY_get_size(key))
        let made = withContext(EVP_PKEY_sign_init, hash) { context -> [UInt8]? in
            var length = size
            var output = [UInt8](repeating: 0, count: size)
            guard EVP_PKEY_sign(context, &output, &length, digest, digest.count) == 1 else {
                return nil
            }
            return Array(output.prefix(length))
        }
        guard let made else { throw SigningFailure("libcrypto did not sign") }
        return made
    }
}

extension SignatureHash {
    fileprivate var function: OpaquePointer? {
        switch self {
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        }
    }
}
