import MailModel
import Testing

@Suite struct TNEFTests {
    /// Little-endian numbers and bytes, put together.
    private static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func attribute(_ level: Int, _ id: Int, _ data: [UInt8]) -> [UInt8] {
        number(level, 1) + number(id, 4) + number(data.count, 4) + data + [0, 0]
    }

    private static func property(_ type: Int, _ id: Int, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return number(type, 2) + number(id, 2) + number(1, 4) + number(value.count, 4) + value
            + padding
    }

    private static let start = number(0x223E_9F78, 4) + [1, 0]

    private static let whole: [UInt8] =
        start + attribute(1, 0x0006_9007, number(1251, 8))
        + attribute(1, 0x0002_800C, [0xCF, 0xF0, 0])
        + attribute(1, 0x0006_9003, number(1, 4) + property(0x102, 0x1013, Array("<p>".utf8)))
        + attribute(2, 0x0006_9002, [UInt8](repeating: 0, count: 14))
        + attribute(2, 0x0001_8010, Array("SHORT~1.TXT".utf8) + [0])
        + attribute(2, 0x0006_800F, Array("data".utf8))
        + attribute(
            2, 0x0006_9005,
            number(3, 4) + property(0x1F, 0x3707, "long.txt".utf8.flatMap { [$0, 0] } + [0, 0])
                + number(0x1E, 2) + number(0x8001, 2) + [UInt8](repeating: 7, count: 16)
                + number(1, 4) + number(4, 4) + [97, 0, 98, 0] + number(1, 4) + number(1, 4)
                + [120, 0, 0, 0] + property(0x1E, 0x370E, Array("Text/Plain".utf8)))
        + attribute(2, 0x0006_9002, [])
        + attribute(
            2, 0x0006_9005,
            number(1, 4)
                + property(0x0D, 0x3701, [UInt8](repeating: 9, count: 16) + Array("object".utf8)))

    @Test func readsAttachmentsAndText() throws {
        let tnef = try #require(TNEF(Self.whole[...]))
        #expect(!tnef.isDamaged)
        #expect(tnef.text == "Пр")
        #expect(tnef.html?.elementsEqual("<p>".utf8) == true)
        #expect(tnef.attachments.map(\.names) == [["long.txt", "SHORT~1.TXT"], []])
        #expect(
            tnef.attachments.map { String(decoding: $0.data, as: UTF8.self) } == ["data", "object"])
        #expect(tnef.attachments.first?.mediaType == "Text/Plain")
    }

    /// The examples of MS-OXRTFCP, 4.1.1 and 4.1.2, with a text that is not compressed.
    @Test(
        arguments: [
            (
                [
                    0x2D, 0, 0, 0, 0x2B, 0, 0, 0, 0x4C, 0x5A, 0x46, 0x75, 0xF1, 0xC5, 0xC7, 0xA7,
                    0x03, 0x00, 0x0A, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32,
                    0x0A,
                    0xF3, 0x20, 0x68, 0x65, 0x6C, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xB0, 0x6C,
                    0x64,
                    0x7D, 0x0A, 0x80, 0x0F, 0xA0,
                ], "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
            ),
            (
                [
                    0x1A, 0, 0, 0, 0x1C, 0, 0, 0, 0x4C, 0x5A, 0x46, 0x75, 0xE2, 0xD4, 0x4B, 0x51,
                    0x41, 0x00, 0x04, 0x20, 0x57, 0x58, 0x59, 0x5A, 0x0D, 0x6E, 0x7D, 0x01, 0x0E,
                    0xB0,
                ], "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
            ),
            (
                [15, 0, 0, 0, 3, 0, 0, 0, 0x4D, 0x45, 0x4C, 0x41, 0, 0, 0, 0, 97, 98, 99, 100],
                "abc"
            ),
            ([15, 0, 0, 0, 3, 0, 0, 0, 0x4D, 0x45, 0x4C, 0x42, 0, 0, 0, 0, 97, 98, 99], nil),
        ] as [([UInt8], String?)])
    func decompressesRTF(_ compressed: [UInt8], _ text: String?) throws {
        let message = Self.attribute(
            1, 0x0006_9003, Self.number(1, 4) + Self.property(0x102, 0x1009, compressed))
        let rtf = try #require(TNEF((Self.start + message)[...])).rtf
        #expect(rtf.map { String(decoding: $0, as: UTF8.self) } == text)
    }

    @Test("P6: compressed RTF is cut at its limit")
    func rtfIsLimited() throws {
        // Each token repeats 16 bytes from the window's start, where its end never comes to lie.
        let tokens: [UInt8] = [0xFF] + (0..<8).flatMap { _ in [0x00, 0x0E] as [UInt8] }
        let count = TNEF.rtfBytesMax / (8 * 16) + 1
        let content = (0..<count).flatMap { _ in tokens }
        let compressed =
            Self.number(content.count + 12, 4) + Self.number(0, 4) + Self.number(0x7546_5A4C, 4)
            + Self.number(0, 4) + content
        let message = Self.attribute(
            1, 0x0006_9003, Self.number(1, 4) + Self.property(0x102, 0x1009, compressed))
        #expect(try #require(TNEF((Self.start + message)[...])).rtf?.count == TNEF.rtfBytesMax)
    }

    @Test func listsTextsAndWhatIsInMessages() throws {
        let inner =
            Self.start + Self.attribute(1, 0x0002_800C, Array("text".utf8))
            + Self.attribute(2, 0x0006_9002, []) + Self.attribute(2, 0x0006_800F, Array("in".utf8))
        let object = [UInt8](repeating: 9, count: 16) + inner
        let tnef =
            Self.start + Self.attribute(2, 0x0006_9002, [])
            + Self.attribute(
                2, 0x0006_9005, Self.number(1, 4) + Self.property(0x0D, 0x3701, object))
        let mail = MIMEMessage(Array("Content-Type: application/ms-tnef\n\n".utf8) + tnef)
        let list = MIMEAttachments(of: mail).list
        #expect(list.map(\.size) == [tnef.count, inner.count, 4, 2])
        #expect(
            list.map(\.declaredType) == ["application/ms-tnef", nil, "text/plain", nil])
        #expect(list.map(\.container) == [.part, .tnef, .tnef, .tnef])
    }

    @Test func isSeenWhateverItIsCalled() {
        let header = "Content-Type: application/octet-stream; name=winmail.dat\n\n"
        let list = MIMEAttachments(of: MIMEMessage(Array(header.utf8) + Self.whole)).list
        #expect(list.map(\.container) == [.part, .tnef, .tnef, .tnef, .tnef])
    }

    @Test("P6: messages in TNEF are opened to a limit")
    func depthIsLimited() {
        func list(_ depth: Int) -> MIMEAttachments {
            var tnef = Self.start
            for _ in 0..<depth {
                let object = [UInt8](repeating: 9, count: 16) + tnef
                let properties = Self.number(1, 4) + Self.property(0x0D, 0x3701, object)
                tnef = Self.start + Self.attribute(2, 0x0006_9002, [])
                tnef += Self.attribute(2, 0x0006_9005, properties)
            }
            let header = "Content-Type: application/ms-tnef\n\n"
            return MIMEAttachments(of: MIMEMessage(Array(header.utf8) + tnef))
        }
        let max = MIMEAttachments.encodedDepthMax
        #expect(!list(max).isCut)
        #expect(list(max + 1).isCut)
    }

    @Test func keepsWhatWasReadBeforeTheDamage() throws {
        for length in 6..<Self.whole.count {
            let tnef = try #require(TNEF(Self.whole[..<length]))
            #expect(tnef.attachments.count <= 2)
        }
        #expect(TNEF(Self.whole[..<3]) == nil)
        #expect(TNEF([]) == nil)
    }

    @Test("P6: lengths and counts that lie cost nothing")
    func lengthsAreChecked() throws {
        let lies = [
            Self.number(2, 1) + Self.number(0x0006_800F, 4) + Self.number(0xFFFF_FFFF, 4) + [1],
            Self.attribute(2, 0x0006_9002, [])
                + Self.attribute(2, 0x0006_9005, Self.number(0xFFFF_FFFF, 4) + [3, 0, 1, 0]),
            Self.attribute(
                1, 0x0006_9003, Self.number(1, 4) + [3, 0x10, 1, 0] + Self.number(0xFFFF_FFFF, 4)),
        ]
        for lie in lies {
            let tnef = try #require(TNEF((Self.start + lie)[...]))
            #expect(tnef.isDamaged)
        }
    }

    @Test("P6: names of one attachment are counted", .timeLimit(.minutes(1)))
    func namesAreLimited() throws {
        let names = (0..<40_000).flatMap { number in
            Self.attribute(2, 0x0001_8010, Array("name \(number)".utf8) + [0])
        }
        let attachment = Self.attribute(2, 0x0006_9002, [])
        let tnef = try #require(TNEF((Self.start + attachment + names)[...]))
        #expect(tnef.attachments.map(\.names.count) == [TNEF.namesMax])
        #expect(tnef.attachments.first?.names.first == "name 0")
    }

    @Test func attachmentsAreCounted() throws {
        func read(_ count: Int) throws -> TNEF {
            let attachments = (0..<count).flatMap { _ in Self.attribute(2, 0x0006_9002, []) }
            return try #require(TNEF((Self.start + attachments)[...]))
        }
        #expect(try !read(TNEF.attachmentsMax).isDamaged)
        let over = try read(TNEF.attachmentsMax + 1)
        #expect(over.attachments.count == TNEF.attachmentsMax)
        #expect(over.isDamaged)
    }

    @Test func isListedAsAttachments() {
        let header = "Content-Type: application/ms-tnef; name=winmail.dat\n\n"
        let list = MIMEAttachments(of: MIMEMessage(Array(header.utf8) + Self.whole)).list
        #expect(list.map(\.container) == [.part, .tnef, .tnef, .tnef, .tnef])
        #expect(
            list.map(\.declaredType)
                == ["application/ms-tnef", "text/plain", "text/html", "text/plain", nil])
        #expect(list.map(\.fileName) == ["winmail.dat", nil, nil, "long.txt", nil])
    }
}
