import Crypto

/// A public key of Ed25519: 32 bytes that are a point, and one that makes forging hard.
///
/// The engine takes any point that it can read. One of small order, or one in another spelling than
/// its own, would let a signer make signatures that fit many messages, so it is no key here.
/// Signatures whose number is not reduced are refused by the engine. RFC 8032 §5.1.7
struct Ed25519PublicKey: Sendable {
    private let key: Curve25519.Signing.PublicKey

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 32, !Self.isNotCanonical(bytes), !Self.isOfSmallOrder(bytes),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { return nil }
        self.key = key
    }

    func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        signature.count == 64 && key.isValidSignature(signature, for: message)
    }

    /// A coordinate of 2^255 - 19 or more. RFC 8032 §5.1.3
    private static func isNotCanonical(_ bytes: [UInt8]) -> Bool {
        bytes[0] >= 0xED && bytes[31] & 0x7F == 0x7F && bytes[1..<31].allSatisfy { $0 == 0xFF }
    }

    private static func isOfSmallOrder(_ bytes: [UInt8]) -> Bool {
        var coordinate = bytes
        coordinate[31] &= 0x7F
        return smallOrder.contains(coordinate)
    }

    /// The y coordinates of the eight points whose order divides 8: 1, -1, 0, and two more.
    private static let smallOrder: [[UInt8]] = [
        [1] + Array(repeating: 0, count: 31),
        [0xEC] + Array(repeating: 0xFF, count: 30) + [0x7F],
        Array(repeating: 0, count: 32),
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
    ]
}
