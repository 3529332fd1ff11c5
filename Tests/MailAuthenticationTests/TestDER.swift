import LibCrypto
import MailAuthentication

/// Keys and signatures that are put together by hand.
enum TestDER {
    /// The base64 of an RSA key with an odd modulus of so many bits.
    static func publicKey(bits: Int) -> String { base64(key(bits: bits)) }

    static func key(bits: Int) -> [UInt8] {
        let count = (bits + 7) / 8
        var modulus = [UInt8](repeating: 0xA5, count: count)
        modulus[0] = 1 << UInt8((bits - 1) % 8)
        return key(modulus: modulus, exponent: [1, 0, 1])
    }

    /// An RSAPublicKey, bare.
    static func key(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
        value(0x30, integer(modulus) + integer(exponent))
    }

    private static func integer(_ digits: [UInt8]) -> [UInt8] {
        value(0x02, (digits.first ?? 0) & 0x80 == 0 ? digits : [0] + digits)
    }

    private static func value(_ type: UInt8, _ contents: [UInt8]) -> [UInt8] {
        let count = contents.count
        switch count {
        case ..<128: return [type, UInt8(count)] + contents
        case ..<256: return [type, 0x81, UInt8(count)] + contents
        default: return [type, 0x82, UInt8(count >> 8), UInt8(count & 0xFF)] + contents
        }
    }

    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    static func base64(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 3).map { start in
            let piece = bytes[start..<min(start + 3, bytes.count)]
            let group = piece.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - piece.count))
            return String(
                (0..<4).map { $0 <= piece.count ? digits[group >> (18 - 6 * $0) & 63] : "=" })
        }
        .joined()
    }

    static func bytes(_ base64: String) -> [UInt8] {
        var bits = 0
        var group = 0
        var output: [UInt8] = []
        for digit in base64 {
            guard let value = digits.firstIndex(of: digit) else { continue }
            group = (group << 6 | value) & 0xFFFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(group >> bits & 0xFF))
            }
        }
        return output
    }
}

/// The order of Ed25519's base point. RFC 8032 §5.1
enum Ed25519Order {
    private static let bytes: [UInt8] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ]

    /// A signature with the order added to its number, which is the same number.
    static func added(to signature: [UInt8]) -> [UInt8] {
        var output = signature
        var carry = 0
        for index in 0..<32 {
            let sum = Int(output[32 + index]) + Int(bytes[index]) + carry
            output[32 + index] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        return output
    }
}

/// Points of small order, each with either sign, and coordinates that are not reduced.
enum SmallOrder {
    static let keys: [[UInt8]] = coordinates.flatMap { coordinate in
        [UInt8(0), 0x80].map { sign in
            var key = coordinate
            key[31] |= sign
            return key
        }
    }

    private static let coordinates: [[UInt8]] = [
        Array(repeating: 0, count: 32),
        [1] + Array(repeating: 0, count: 31),
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF,
            0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88,
            0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10,
            0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77,
            0x92, 0xAC, 0x03, 0x7A,
        ],
        [0xEC] + Array(repeating: 0xFF, count: 30) + [0x7F],
        [0xED] + Array(repeating: 0xFF, count: 30) + [0x7F],
        [0xEE] + Array(repeating: 0xFF, count: 30) + [0x7F],
        [0xFF] + Array(repeating: 0xFF, count: 30) + [0x7F],
    ]
}

/// A signature with an `l=`, which no signer of ours makes.
struct LimitedSignature {
    let limit: Int
    let bodyHash: [UInt8]

    /// Over From alone, simple.
    func field(for header: String) throws -> String {
        let unsigned =
            "DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=rsa; "
            + "l=\(limit); h=from; bh=\(TestDER.base64(bodyHash)); b="
        let from = header.prefix { $0 != "\r\n" }
        let signed = Array("\(from)\r\n\(unsigned)".utf8)
        guard let key = LibCryptoRSA().privateKey(Array(TestKey.rsaPrivate.utf8)) else {
            throw TestKey.NoKey()
        }
        let signature = try key.signature(of: SignatureHash.sha256.digest(signed), by: .sha256)
        return "\(unsigned)\(TestDER.base64(signature))\r\n"
    }
}
