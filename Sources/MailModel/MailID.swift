/// The id of a received mail: 40 lower-case base32hex characters, SES's alphabet and length.
///
/// 25 bytes: 6 of milliseconds since 1970, big-endian, then 19 random ones; so ids sort by time
/// and are safe as file names and object keys. Never derived from what a sender chose.
/// SES: `mail.messageId` of a receipt notification.
package struct MailID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    private static let alphabet = Array("0123456789abcdefghijklmnopqrstuv".utf8)

    package init(at time: Timestamp, random: any RandomSource) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(25)
        for shift in stride(from: 40, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: time.milliseconds >> Int64(shift)))
        }
        bytes += random.bytes(19)
        text = Self.base32hex(bytes)
    }

    /// The id that `text` spells, or nil where it is not one.
    package init?(_ text: String) {
        guard text.utf8.count == 40, text.utf8.allSatisfy(Self.alphabet.contains) else {
            return nil
        }
        self.text = text
    }

    /// The milliseconds in it.
    package var time: Timestamp {
        // Ten digits are 50 bits, two of them random.
        let bits = text.utf8.prefix(10).reduce(Int64(0)) { bits, digit in
            bits << 5 | Int64(Self.alphabet.firstIndex(of: digit) ?? 0)
        }
        return Timestamp(milliseconds: bits >> 2)
    }

    package var description: String { text }

    package static func < (left: MailID, right: MailID) -> Bool {
        left.text < right.text
    }

    private static func base32hex(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(40)
        var buffer = 0
        var bits = 0
        for byte in bytes {
            buffer = (buffer << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                output.append(alphabet[(buffer >> bits) & 31])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension MailID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = MailID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a mail id: \(text)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
