import MailModel
import TestSupport
import Testing

@Suite struct MessageIDTests {
    @Test func isWhatSESMakes() throws {
        let id = MessageID(
            at: Timestamp(milliseconds: 0x0174_f87e_0fb4), regionTag: 0x0102,
            random: CountingRandom())
        #expect(id.text.count == MessageID.textLength)
        #expect(id.text.hasPrefix("01020174f87e0fb4-"))
        #expect(id.text.split(separator: "-").map(\.count) == [16, 8, 4, 4, 4, 12, 6])
        #expect(MessageID(id.text) == id)
        #expect(id.bytes.count == MessageID.bytesCount)
        #expect(MessageID(bytes: id.bytes) == id)
        #expect(MessageID(bytes: id.bytes.dropLast()) == nil)
    }

    @Test(arguments: [
        "", "0102", "01020174f87e0fb4-00010203-0405-0607-0809-0a0b0c0d0e0f-000001",
        "01020174F87e0fb4-00010203-0405-0607-0809-0a0b0c0d0e0f-000000",
        "01020174f87e0fb4-0001020-30405-0607-0809-0a0b0c0d0e0f-000000",
        "01020174f87e0fb4-00010203-0405-0607-0809-0a0b0c0d0e0g-000000",
        "01020174f87e0fb4-00010203-0405-0607-0809-0a0b0c0d0e0f-000000 ",
    ])
    func otherTextIsNone(_ text: String) {
        #expect(MessageID(text) == nil)
    }

    @Test func idsSortByTime() {
        let random = CountingRandom()
        let ids = [1, 255, 256, 65_536, 1_700_000_000_000].map {
            MessageID(at: Timestamp(milliseconds: $0), random: random)
        }
        #expect(ids == ids.sorted())
    }
}
