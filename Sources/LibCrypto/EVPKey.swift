import CLibCrypto
import MailAuthentication
import Synchronization

/// An RSA key of libcrypto, freed with its last user.
///
/// `@unchecked Sendable`: the key is not changed after it was made, and libcrypto lets threads use
/// one key at once, each with a context of its own.
final class EVPKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// A context that verified with this key and is not in use: to make one ready takes a fifth of
    /// the time of using it.
    private let idle = Mutex<Context?>(nil)

    /// What one operation with the key needs, made ready for PKCS#1 v1.5 over a hash.
    ///
    /// `@unchecked Sendable`: it is in the hands of one user at a time, or in nobody's.
    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer
        let hash: SignatureHash
    }

    /// Takes the key over.
    init(_ key: OpaquePointer) {
        self.key = key
    }

    deinit {
        EVP_PKEY_CTX_free(idle.withLock { $0?.pointer })
        EVP_PKEY_free(key)
    }

    /// A context that the caller frees or keeps.
    private func context(
        _ begin: (OpaquePointer) -> Int32, _ hash: SignatureHash
    ) -> Context? {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        guard begin(context) == 1,
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(context, hash.function) == 1
        else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return Context(pointer: context, hash: hash)
    }

    /// The idle context, where it is of that hash; whoever has it has it alone.
    private func takeIdle(_ hash: SignatureHash) -> Context? {
        idle.withLock { idle in
            guard let context = idle, context.hash == hash else { return nil }
            idle = nil
            return context
        }
    }

    private func keep(_ context: Context) {
        let surplus = idle.withLock { idle in
            defer { idle = context }
            return idle?.pointer
        }
        EVP_PKEY_CTX_free(surplus)
    }
}

extension EVPKey: RSAPublicKey {
    func isValid(_ signature: [UInt8], of digest: [UInt8], by hash: SignatureHash) -> Bool {
        defer { ERR_clear_error() }
        guard let context = takeIdle(hash) ?? context(EVP_PKEY_verify_init, hash) else {
            return false
        }
        defer { keep(context) }
        return EVP_PKEY_verify(
            context.pointer, signature, signature.count, digest, digest.count) == 1
    }
}

extension EVPKey: RSAPrivateKey {
    var bits: Int { Int(EVP_PKEY_get_bits(key)) }

    var publicKey: [UInt8]? { EncodedKey.bytes { i2d_PUBKEY(key, $0) } }

    func signature(of digest: [UInt8], by hash: SignatureHash) throws(SigningFailure) -> [UInt8] {
        defer { ERR_clear_error() }
        guard let context = context(EVP_PKEY_sign_init, hash) else {
            throw SigningFailure("libcrypto is not ready to sign")
        }
        defer { EVP_PKEY_CTX_free(context.pointer) }
        var length = Int(EVP_PKEY_get_size(key))
        var output = [UInt8](repeating: 0, count: length)
        guard EVP_PKEY_sign(context.pointer, &output, &length, digest, digest.count) == 1 else {
            throw SigningFailure("libcrypto did not sign")
        }
        return Array(output.prefix(length))
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
