/// The two numbers of an RSA public key, read and measured before anything is computed with them.
///
///     SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID rsaEncryption, NULL }, BIT STRING }
///     RSAPublicKey         ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
///
/// Both are taken, as RFC 6376 §3.6.1 names the one and shows the other (erratum 3017).
package struct RSAPublicNumbers: Sendable {
    /// More, and a verification costs as much as a signature; nobody uses them.
    package static let exponentBytesMax = 8

    /// Big-endian, without leading zeros.
    package let modulus: [UInt8]
    package let exponent: [UInt8]

    /// Bits of the modulus.
    package var bits: Int {
        guard let first = modulus.first else { return 0 }
        return modulus.count * 8 - first.leadingZeroBitCount
    }

    /// Nil: neither encoding, or an exponent of 1, an even one, or one of more than
    /// `exponentBytesMax`; with an exponent of 1 anyone could sign.
    package init?(der: [UInt8]) {
        guard var key = Self.contents(of: der) else { return nil }
        if key.peek == DERReader.sequence {
            guard let inner = Self.subjectPublicKey(&key) else { return nil }
            key = inner
        }
        guard let modulus = key.positiveInteger(), let exponent = key.positiveInteger(),
            key.isAtEnd
        else { return nil }
        guard exponent.count <= Self.exponentBytesMax, let last = exponent.last, last & 1 == 1,
            exponent != [1], let low = modulus.last, low & 1 == 1
        else { return nil }
        self.modulus = Array(modulus)
        self.exponent = Array(exponent)
    }

    /// The inside of the one sequence that the whole is.
    private static func contents(of bytes: [UInt8]) -> DERReader? {
        var outer = DERReader(bytes[...])
        guard let contents = outer.value(DERReader.sequence), outer.isAtEnd else { return nil }
        return DERReader(contents)
    }

    /// 1.2.840.113549.1.1.1. RFC 8017 §A.1
    private static let rsaEncryption: [UInt8] = [
        0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
    ]

    private static func subjectPublicKey(_ info: inout DERReader) -> DERReader? {
        guard let algorithm = info.value(DERReader.sequence),
            let bits = info.value(DERReader.bitString), info.isAtEnd, bits.first == 0
        else { return nil }
        var reader = DERReader(algorithm)
        guard let oid = reader.value(DERReader.objectIdentifier),
            oid.elementsEqual(rsaEncryption)
        else { return nil }
        return contents(of: Array(bits.dropFirst()))
    }
}

/// Reads values of the distinguished encoding of ASN.1 one after another.
struct DERReader {
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let objectIdentifier: UInt8 = 0x06
    static let sequence: UInt8 = 0x30

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }
    var peek: UInt8? { rest.first }

    /// The contents of the next value, where it is of that type and whole.
    mutating func value(_ type: UInt8) -> ArraySlice<UInt8>? {
        guard rest.popFirst() == type, let length = length(), length <= rest.count else {
            return nil
        }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }

    /// The next integer without leading zeros, where it is above zero.
    mutating func positiveInteger() -> ArraySlice<UInt8>? {
        guard let value = value(Self.integer), let first = value.first, first & 0x80 == 0 else {
            return nil
        }
        let digits = value.drop { $0 == 0 }
        return digits.isEmpty ? nil : digits
    }

    private mutating func length() -> Int? {
        guard let first = rest.popFirst() else { return nil }
        guard first & 0x80 != 0 else { return Int(first) }
        // Four bytes of length are more than any key has.
        let count = Int(first & 0x7F)
        guard (1...4).contains(count), rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }
}
