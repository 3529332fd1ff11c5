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
        #expect(list.map(\.container) == [.part, .tnef, .tnef])
        #expect(list.map(\.declaredType) == ["application/ms-tnef", "text/plain", nil])
        #expect(list.map(\.fileName) == ["winmail.dat", "long.txt", nil])
    }
}
