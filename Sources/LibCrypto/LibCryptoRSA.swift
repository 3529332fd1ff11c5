import CLibCrypto
package import MailAuthentication

/// RSA by OpenSSL's libcrypto.
package struct LibCryptoRSA: RSACryptography {
    package init() {}

    package func publicKey(_ numbers: RSAPublicNumbers) -> (any RSAPublicKey)? {
        guard let modulus = BN_bin2bn(numbers.modulus, Int32(numbers.modulus.count), nil) else {
            return nil
        }
        defer { BN_free(modulus) }
        guard let exponent = BN_bin2bn(numbers.exponent, Int32(numbers.exponent.count), nil) else {
            return nil
        }
        defer { BN_free(exponent) }
        return PublicNumbers.key(modulus, exponent).map(EVPKey.init)
    }

    package func privateKey(_ encoded: [UInt8]) -> (any RSAPrivateKey)? {
        defer { ERR_clear_error() }
        guard let key = PrivateKeyText.key(encoded) else { return nil }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            return nil
        }
        return EVPKey(key)
    }
}

private enum PublicNumbers {
    /// A key that the caller frees.
    static func key(_ modulus: OpaquePointer, _ exponent: OpaquePointer) -> OpaquePointer? {
        defer { ERR_clear_error() }
        guard let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        guard OSSL_PARAM_BLD_push_RSA(builder, modulus, exponent) == 1,
            let parameters = OSSL_PARAM_BLD_to_param(builder)
        else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY_SELECTION, parameters) == 1
        else {
            EVP_PKEY_free(key)
            return nil
        }
        return key
    }
}

private enum PrivateKeyText {
    /// A key that the caller frees. Nothing asks for a password.
    static func key(_ encoded: [UInt8]) -> OpaquePointer? {
        encoded.withUnsafeBytes { bytes in
            guard let memory = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
                return nil
            }
            defer { BIO_free(memory) }
            if let key = PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in 0 }, nil) {
                return key
            }
            var position = bytes.bindMemory(to: UInt8.self).baseAddress
            return d2i_AutoPrivateKey(nil, &position, bytes.count)
        }
    }
}
