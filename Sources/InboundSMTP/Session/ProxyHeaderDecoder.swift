package import MailModel
package import NIOCore

/// Reads the header that a proxy sends before everything else, in version 1 or 2 of HAProxy's
/// PROXY protocol: whom it speaks for. The same result at any split of the input; bytes behind
/// the header stay in the input.
package struct ProxyHeaderDecoder {
    package enum Outcome: Equatable, Sendable {
        /// The proxy speaks for this address.
        case peer(IPAddress)
        /// The proxy speaks for itself, or for somebody without an address: LOCAL, UNKNOWN.
        case own
        /// No such header; `reason` is for the log.
        case failed(reason: String)
    }

    /// With CRLF. PROXY protocol, section 2.1
    package static let textBytesMax = 107
    /// Of what follows the first 16 bytes: addresses, then what the proxy adds.
    package static let addedBytesMax = 4_096

    private static let textStart = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let noHeader = Outcome.failed(reason: "no PROXY header")

    private var held: [UInt8] = []

    package init() {}

    /// Whether any byte of a header has come.
    package var hasBegun: Bool { !held.isEmpty }

    /// Takes bytes up to the header's end; nil while there must be more. Not to be called again
    /// after an outcome.
    package mutating func decode(_ input: inout ByteBuffer) -> Outcome? {
        while let byte = input.readInteger(as: UInt8.self) {
            held.append(byte)
            let isText = held[0] == Self.textStart[0]
            if let outcome = isText ? textStep(byte) : binaryStep() { return outcome }
        }
        return nil
    }

    // MARK: Version 1

    /// `PROXY TCP4|TCP6 source destination port port CRLF`, or `PROXY UNKNOWN … CRLF`.
    /// PROXY protocol, section 2.1
    private func textStep(_ byte: UInt8) -> Outcome? {
        guard Self.textStart.starts(with: held.prefix(Self.textStart.count)) else {
            return Self.noHeader
        }
        guard held.count <= Self.textBytesMax else { return .failed(reason: "too long") }
        guard byte == 0x0A else { return nil }
        guard held.count >= 2, held[held.count - 2] == 0x0D else {
            return .failed(reason: "a bare line feed")
        }
        return Self.outcome(of: String(decoding: held.dropLast(2), as: UTF8.self))
    }

    private static func outcome(of line: String) -> Outcome {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words[1] == "UNKNOWN" { return .own }
        guard words.count == 6, let isIPv6 = ["TCP4": false, "TCP6": true][words[1]] else {
            return .failed(reason: "unknown form")
        }
        let addresses = words[2...3].filter { $0.contains(":") == isIPv6 }
            .compactMap { IPAddress(String($0)) }
        guard addresses.count == 2, words[4...5].allSatisfy(isPort) else {
            return .failed(reason: "bad address or port")
        }
        return .peer(addresses[0])
    }

    private static func isPort(_ word: Substring) -> Bool {
        word.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(word) != nil
            && (word == "0" || !word.hasPrefix("0"))
    }

    // MARK: Version 2

    /// 12 bytes of signature, one of version and command, one of family and transport, two of the
    /// length of the rest. PROXY protocol, section 2.2
    private func binaryStep() -> Outcome? {
        guard Self.signature.starts(with: held.prefix(12)) else { return Self.noHeader }
        if held.count < 16 { return nil }
        let length = Int(held[14]) << 8 | Int(held[15])
        guard length <= Self.addedBytesMax else { return .failed(reason: "too long") }
        guard held.count == 16 + length else { return nil }
        switch held[12] {
        case 0x20: return .own
        case 0x21: return Self.outcome(family: held[13], held[16...])
        default: return .failed(reason: "unknown version or command")
        }
    }

    private static func outcome(family: UInt8, _ rest: ArraySlice<UInt8>) -> Outcome {
        let addressBytes: Int
        switch family {
        case 0x00: return .own
        case 0x11: addressBytes = 4
        case 0x21: addressBytes = 16
        default: return .failed(reason: "unknown family or transport")
        }
        let bothBytes = 2 * addressBytes + 4
        guard rest.count >= bothBytes, areWhole(rest.dropFirst(bothBytes)),
            let address = IPAddress(bytes: Array(rest.prefix(addressBytes)))
        else { return .failed(reason: "lengths that do not fit") }
        return .peer(address)
    }

    /// Whether `additions` are whole: a byte of type, two of length, and so many bytes each. What
    /// they say is not read.
    private static func areWhole(_ additions: ArraySlice<UInt8>) -> Bool {
        var rest = additions
        while !rest.isEmpty {
            guard rest.count >= 3 else { return false }
            let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
            guard rest.count >= 3 + length else { return false }
            rest = rest.dropFirst(3 + length)
        }
        return true
    }
}
