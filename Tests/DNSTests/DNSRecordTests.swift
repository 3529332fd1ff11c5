import DNS
import MailModel
import TestSupport
import Testing

/// P8: bytes that a zone's owner wrote, whole and malformed.
@Suite struct DNSRecordTests {
    struct Good: Sendable, CustomTestStringConvertible {
        var type: DNSRecordType
        var data: [UInt8]
        var text: String

        var testDescription: String { "\(type) \(text)" }
    }

    static func label(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    static let longest =
        label(String(repeating: "a", count: 63)) + label(String(repeating: "b", count: 63))
        + label(String(repeating: "c", count: 63)) + label(String(repeating: "d", count: 61)) + [0]

    static let good = [
        Good(type: .a, data: [192, 0, 2, 1], text: "192.0.2.1"),
        Good(
            type: .aaaa, data: [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1],
            text: "2001:db8::1"),
        Good(
            type: .aaaa, data: [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1],
            text: "192.0.2.1"),
        Good(type: .ptr, data: label("Mail") + label("example") + [0], text: "mail.example."),
        Good(type: .ptr, data: label("_x-1") + label("example") + [0], text: "_x-1.example."),
        Good(type: .mx, data: [1, 2] + label("mx") + [0], text: "258 mx."),
        Good(type: .mx, data: [0, 0, 0], text: "0 ."),
        Good(type: .tlsa, data: [3, 1, 1, 0xAB, 0x0C], text: "3 1 1 ab0c"),
        Good(type: .tlsa, data: [255, 255, 255, 0], text: "255 255 255 00"),
        Good(type: .txt, data: label("a b"), text: "\"a b\""),
        Good(type: .txt, data: label("abc=") + label("def"), text: "\"abc=\" \"def\""),
        Good(type: .txt, data: [0], text: "\"\""),
        Good(
            type: .txt, data: [7] + Array("\"\\\r\n".utf8) + [0, 0x7F, 0xFF],
            text: #""\"\\\013\010\000\127\255""#),
    ]

    @Test(arguments: good)
    func reads(_ good: Good) throws {
        #expect(try DNSRecord(good.type, data: good.data).zoneFileText == good.text)
    }

    @Test func readsTheLongestName() throws {
        #expect(Self.longest.count == 255)
        _ = try DNSRecord(.ptr, data: Self.longest)
    }

    static let bad: [(DNSRecordType, [UInt8], DNSRecordError)] = [
        (.a, [], .wrongLength), (.a, [1, 2, 3], .wrongLength),
        (.a, [1, 2, 3, 4, 5], .wrongLength),
        (.a, [UInt8](repeating: 0, count: 16), .wrongLength),
        (.aaaa, [1, 2, 3, 4], .wrongLength),
        (.aaaa, [UInt8](repeating: 0, count: 17), .wrongLength),
        (.txt, [], .wrongLength), (.txt, [5, 1, 2], .wrongLength),
        (.txt, [1, 1, 255], .wrongLength),
        (.tlsa, [], .wrongLength), (.tlsa, [3, 1, 1], .wrongLength),
        (.mx, [], .wrongLength), (.mx, [0, 1], .wrongLength), (.mx, [0, 1, 5, 1], .wrongLength),
        // The root is nobody's name.
        (.ptr, [0], .unusableName),
        (.ptr, [], .wrongLength), (.ptr, label("a"), .wrongLength),
        (.ptr, [4, 1, 2], .wrongLength), (.ptr, label("a") + [0, 0], .wrongLength),
        // Pointers into a message that nobody has: to itself, forwards.
        (.ptr, [0xC0, 0], .unusableName), (.ptr, label("a") + [0xC0, 0], .unusableName),
        (.ptr, [0x40, 1, 0], .unusableName),
        (.ptr, [64] + Array(repeating: 97, count: 64) + [0], .unusableName),
        (.ptr, label("a") + longest, .unusableName),
        // Not the name of a host, and dangerous in a header or a log.
        (.ptr, label("a.b") + [0], .unusableName), (.ptr, label("a b") + [0], .unusableName),
        (.ptr, label("a\r\nX: y") + [0], .unusableName), (.ptr, [1, 0, 0], .unusableName),
        (.ptr, label("ü") + [0], .unusableName), (.ptr, label("-a") + [0], .unusableName),
        (.ptr, label("a)") + [0], .unusableName), (.ptr, [1, 0xFF, 0], .unusableName),
    ]

    @Test(arguments: bad)
    func refuses(_ type: DNSRecordType, _ data: [UInt8], _ error: DNSRecordError) {
        #expect(throws: error) { try DNSRecord(type, data: data) }
    }

    /// Every beginning of a good record, and every byte of it changed: read or refused, never a
    /// trap.
    @Test(arguments: good)
    func survivesDamage(_ good: Good) {
        for length in 0..<good.data.count {
            _ = try? DNSRecord(good.type, data: good.data[..<length])
            for byte in UInt8.min...UInt8.max {
                var damaged = good.data
                damaged[length] = byte
                _ = try? DNSRecord(good.type, data: damaged)
            }
        }
    }

    @Test func joinsTheStringsOfAText() throws {
        let record = try DNSRecord(.txt, data: Self.label("abc=") + Self.label("def"))
        #expect(record.joinedText == Array("abc=def".utf8))
        #expect(try DNSRecord(.a, data: [1, 2, 3, 4]).joinedText == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "1.2.0.192.in-addr.arpa"), ("::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa"),
        (
            "2001:db8::567:89ab",
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        ),
    ])
    func namesAnAddress(_ address: String, _ name: String) throws {
        #expect(try #require(IPAddress(address)).reverseName.ascii == name)
    }
}
