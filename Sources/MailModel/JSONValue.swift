/// JSON that is told many times a second: of a value made here, the same bytes each time, the members
/// of an object in the order of their names. RFC 8259
package enum JSONValue: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        let name: String
        let value: JSONValue
    }

    case number(Int64)
    /// One that JSON has no word for is null. RFC 8259 §6
    case decimal(Double)
    case flag(Bool)
    case text(String)
    case list([JSONValue])
    case members([Member])

    /// Members without a value are left out.
    package static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .members(
            members.compactMap { name, value in value.map { Member(name: name, value: $0) } }
                .sorted { $0.name < $1.name })
    }

    package static func object(of members: [String: JSONValue]) -> JSONValue {
        .members(
            members.map { Member(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name })
    }

    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map(JSONValue.text)) }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4_096)
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .number(let number): bytes += String(number).utf8
        case .decimal(let number): bytes += (number.isFinite ? "\(number)" : "null").utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        case .text(let text): Self.write(text, to: &bytes)
        case .list(let list):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in list.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .members(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    // MARK: Texts

    /// Only what has to be escaped is. RFC 8259 §7
    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var written = 0
            for index in utf8.indices where needsEscape(utf8[index]) {
                bytes += utf8[written..<index]
                writeEscaped(utf8[index], to: &bytes)
                written = index + 1
            }
            bytes += utf8[written...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func writeEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case ..<0x20: bytes += "u00\(Hexadecimal.text([byte]))".utf8
        default: bytes.append(byte)
        }
    }
}

/// As a part of what is seldom told.
extension JSONValue: Encodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .number(let number): try number.encode(to: encoder)
        case .decimal(let number): try (number.isFinite ? number : nil).encode(to: encoder)
        case .flag(let flag): try flag.encode(to: encoder)
        case .text(let text): try text.encode(to: encoder)
        case .list(let list): try list.encode(to: encoder)
        case .members(let members):
            var container = encoder.container(keyedBy: Name.self)
            for member in members {
                try container.encode(member.value, forKey: Name(stringValue: member.name))
            }
        }
    }
}
