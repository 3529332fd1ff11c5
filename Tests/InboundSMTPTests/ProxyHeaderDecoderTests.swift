import InboundSMTP
import MailModel
import NIOCore
import Testing

/// S15: a PROXY header that is forged, cut, over-long, or whose lengths lie.
@Suite struct ProxyHeaderDecoderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        /// The peer's address; `own`; or a word of the reason. Nil: there must be more.
        let outcome: String?
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ outcome: String?) {
            self.init(name, Array(text.utf8), outcome)
        }

        init(_ name: String, _ bytes: [UInt8], _ outcome: String?) {
            self.name = name
            self.bytes = bytes
            self.outcome = outcome
        }
    }

    static let texts = [
        Case("IPv4", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n", "192.0.2.1"),
        Case("IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "2001:db8::1"),
        Case("mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n", "192.0.2.1"),
        Case("port 0", "PROXY TCP4 192.0.2.1 198.51.100.2 0 0\r\n", "192.0.2.1"),
        Case("unknown", "PROXY UNKNOWN\r\n", "own"),
        Case("unknown with more", "PROXY UNKNOWN ffff:f...f:ffff 1 2\r\n", "own"),
        Case("107 bytes", "PROXY UNKNOWN " + String(repeating: "f", count: 91) + "\r\n", "own"),
        Case("108 bytes", "PROXY UNKNOWN " + String(repeating: "f", count: 92) + "\r\n", "long"),
        Case("without end", "PROXY UNKNOWN " + String(repeating: "f", count: 200), "long"),
        Case("cut", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r", nil),
        Case("nothing", "", nil),
        Case("SMTP", "EHLO client.example\r\n", "no PROXY"),
        Case("a POST", "POST / HTTP/1.1\r\n", "no PROXY"),
        Case("lower case", "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "no PROXY"),
        Case("bare LF", "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "bare"),
        Case("UDP", "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n", "form"),
        Case("two spaces", "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n", "form"),
        Case("no port", "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n", "form"),
        Case("nothing but its name", "PROXY \r\n", "form"),
        Case("IPv6 as IPv4", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "bad address"),
        Case("IPv4 as IPv6", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "bad address"),
        Case("no address", "PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n", "bad address"),
        Case("bad destination", "PROXY TCP4 192.0.2.1 nowhere 1 2\r\n", "bad address"),
        Case("port too large", "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n", "port"),
        Case("port with a zero", "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n", "port"),
        Case("port with a sign", "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n", "port"),
        Case("not UTF-8", Array("PROXY TCP4 192.0.2.1 ".utf8) + [0xFF, 0x0D, 0x0A], "form"),
        Case("a NUL", "PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n", "bad address"),
    ]

    /// A header of version 2 with what follows its first 16 bytes.
    private static func binary(
        _ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? rest.count
        return [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, command, family]
            + [UInt8(length >> 8), UInt8(length & 255)] + rest
    }

    private static let four: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0, 1, 0, 25]
    private static let six: [UInt8] =
        [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        + [UInt8](repeating: 0, count: 16) + [0, 1, 0, 25]

    static let binaries = [
        Case("2: IPv4", binary(0x21, 0x11, four), "192.0.2.1"),
        Case("2: IPv6", binary(0x21, 0x21, six), "2001:db8::1"),
        Case("2: an addition", binary(0x21, 0x11, four + [4, 0, 2, 9, 9]), "192.0.2.1"),
        Case("2: two additions", binary(0x21, 0x11, four + [4, 0, 0, 5, 0, 1, 9]), "192.0.2.1"),
        Case("2: an addition cut", binary(0x21, 0x11, four + [4, 0, 3, 9, 9]), "lengths"),
        Case("2: half an addition", binary(0x21, 0x11, four + [4, 0]), "lengths"),
        Case("2: local", binary(0x20, 0x00, []), "own"),
        Case("2: local with more", binary(0x20, 0x11, four), "own"),
        Case("2: local, anything", binary(0x20, 0xFF, [1, 2, 3]), "own"),
        Case("2: unspecified", binary(0x21, 0x00, [1, 2, 3]), "own"),
        Case("2: too short for IPv4", binary(0x21, 0x11, Array(four.dropLast())), "lengths"),
        Case("2: IPv4 as IPv6", binary(0x21, 0x21, four), "lengths"),
        Case("2: a datagram", binary(0x21, 0x12, four), "family"),
        Case("2: a Unix socket", binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), "family"),
        Case("2: version 1", binary(0x11, 0x11, four), "version"),
        Case("2: command 2", binary(0x22, 0x11, four), "command"),
        Case("2: longest", binary(0x20, 0, [UInt8](repeating: 0, count: 4_096)), "own"),
        Case("2: too long", binary(0x20, 0, [], length: 4_097), "too long"),
        Case("2: cut", binary(0x21, 0x11, four, length: 13), nil),
        Case("2: cut in its signature", Array(binary(0x21, 0x11, four).prefix(11)), nil),
        Case("2: another signature", [13, 10, 13, 10, 0, 13, 10, 0, 0, 0], "no PROXY"),
    ]

    private func run(_ bytes: [UInt8], pieces: Int) -> (String?, rest: [UInt8]) {
        var decoder = ProxyHeaderDecoder()
        var position = 0
        while position < bytes.count {
            let end = min(position + pieces, bytes.count)
            var input = ByteBuffer(bytes: bytes[position..<end])
            if let outcome = decoder.decode(&input) {
                let rest = Array(input.readableBytesView) + bytes[end...]
                switch outcome {
                case .peer(let address): return (address.description, rest)
                case .own: return ("own", rest)
                case .failed(let reason): return (reason, rest)
                }
            }
            position = end
        }
        return (nil, [])
    }

    /// At any split the same, and not a byte of what follows is taken.
    @Test(arguments: texts + binaries, [1, 2, 7, 1_000_000])
    func decodes(_ test: Case, pieces: Int) throws {
        let (outcome, _) = run(test.bytes, pieces: pieces)
        guard let expected = test.outcome else {
            #expect(outcome == nil)
            return
        }
        let found = try #require(outcome)
        #expect(found.contains(expected), "\(found)")
        guard expected == "own" || IPAddress(expected) != nil else { return }
        let more = Array("EHLO a\r\n".utf8)
        let (again, rest) = run(test.bytes + more, pieces: pieces)
        #expect(again == outcome)
        #expect(rest == more)
    }

    @Test func knowsWhetherAnythingHasCome() {
        var decoder = ProxyHeaderDecoder()
        #expect(!decoder.hasBegun)
        var input = ByteBuffer(string: "P")
        #expect(decoder.decode(&input) == nil)
        #expect(decoder.hasBegun)
    }
}
