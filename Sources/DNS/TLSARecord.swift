/// What a zone says of the certificate that a server must have. RFC 6698 §2.1
///
/// The numbers are those of the wire, with or without a meaning: what is of use is for DANE to say.
package struct TLSARecord: Sendable, Hashable, CustomStringConvertible {
    package let usage: UInt8
    package let selector: UInt8
    package let matchingType: UInt8
    /// At least one byte.
    package let data: [UInt8]

    package init(usage: UInt8, selector: UInt8, matchingType: UInt8, data: [UInt8]) {
        self.usage = usage
        self.selector = selector
        self.matchingType = matchingType
        self.data = data
    }

    /// As a zone file spells it: `3 1 1 8CE3…`. RFC 6698 §2.2
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = data.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(usage) \(selector) \(matchingType) \(String(decoding: hex, as: UTF8.self))"
    }
}
