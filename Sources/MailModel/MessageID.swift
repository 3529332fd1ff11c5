/// The id of a sent mail, as SES makes them: a tag of the region and the time, a UUID, six digits.
/// `0100` `0174f87e0fb4` `-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx-000000`
///
/// 24 bytes: 2 of the tag, 6 of milliseconds since 1970, 16 random; so ids of one region sort by
/// time. SES: `MessageId` of the sending operations, `mail.messageId` of their events.
package struct MessageID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Characters of the text, and bytes of what it stands for.
    package static let textLength = 60
    package static let bytesCount = 24
    /// Of us-east-1, and of every region that has no tag of its own.
    package static let regionTagDefault: UInt16 = 0x0100

    package let text: String

    package init(
        at time: Timestamp, regionTag: UInt16 = regionTagDefault, random: any RandomSource
    ) {
        var bytes = [UInt8(regionTag >> 8), UInt8(truncatingIfNeeded: regionTag)]
        for shift in stride(from: 40, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: time.milliseconds >> Int64(shift)))
        }
        bytes += random.bytes(16)
        text = Self.text(of: bytes)
    }

    /// The id that `text` spells in lower case, or nil where it is not one.
    package init?(_ text: String) {
        guard text.utf8.count == Self.textLength, text.hasSuffix("-000000") else { return nil }
        for (index, byte) in text.utf8.enumerated().prefix(53) {
            let isFine =
                Self.dashes.contains(index)
                ? byte == UInt8(ascii: "-") : Self.digits.contains(byte)
            guard isFine else { return nil }
        }
        self.text = text
    }

    /// The id of these bytes; nil unless there are `bytesCount`.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.bytesCount else { return nil }
        text = Self.text(of: Array(bytes))
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for byte in text.utf8.prefix(53) where byte != UInt8(ascii: "-") {
            let value = byte <= UInt8(ascii: "9") ? byte - 48 : byte - 87
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    package var description: String { text }

    package static func < (left: MessageID, right: MessageID) -> Bool { left.text < right.text }

    private static let dashes: Set<Int> = [16, 25, 30, 35, 40]
    private static let digits = Array("0123456789abcdef".utf8)

    private static func text(of bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(textLength)
        for byte in bytes {
            if dashes.contains(output.count) { output.append(UInt8(ascii: "-")) }
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
        return String(decoding: output, as: UTF8.self) + "-000000"
    }
}

extension MessageID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = MessageID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a message id: \(text)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
