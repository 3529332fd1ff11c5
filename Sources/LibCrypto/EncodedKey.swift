import CLibCrypto

enum EncodedKey {
    /// What one of libcrypto's encoders writes; nil where it fails. It says the length where it is
    /// given no place to write to.
    static func bytes(
        _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) -> [UInt8]? {
        defer { ERR_clear_error() }
        let length = Int(encode(nil))
        guard length > 0 else { return nil }
        var output = [UInt8](repeating: 0, count: length)
        let written = output.withUnsafeMutableBufferPointer { buffer in
            var position = buffer.baseAddress
            return Int(encode(&position))
        }
        return written == length ? output : nil
    }
}
