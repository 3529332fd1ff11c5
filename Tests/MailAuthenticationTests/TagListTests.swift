import MailAuthentication
import Testing

@Suite struct TagListTests {
    @Test(arguments: [
        ("a=b", ["a:b"]),
        ("a=b;", ["a:b"]),
        (" a = b ; c1_X\t=\r\n d e \r\n ;\r\n ", ["a:b", "c1_X:d e"]),
        ("p=", ["p:"]),
        ("p=;q=x=y==", ["p:", "q:x=y=="]),
        ("n=ü", ["n:ü"]),
        ("", []),
    ])
    func reads(_ text: String, _ tags: [String]) throws {
        let list = try TagList(Array(text.utf8)[...])
        #expect(
            list.tags.map { tag in
                "\(String(decoding: tag.name, as: UTF8.self)):"
                    + String(decoding: tag.value, as: UTF8.self)
            } == tags)
    }

    @Test(arguments: [
        (";", TagListDefect.noValue), ("a=b;;", .noValue), ("a=b;;c=d", .noValue),
        ("a", .noValue), ("a=b; ; ", .noValue), ("=b", .badName), ("1a=b", .badName),
        ("_a=b", .badName), ("a b=c", .badName), ("ä=b", .badName),
        ("a=\u{0}", .badValue(tag: "a")),
        ("a=\u{7F}", .badValue(tag: "a")), ("a=1; b=2; a=1", .duplicate(tag: "a")),
    ])
    func refuses(_ text: String, _ defect: TagListDefect) {
        #expect(throws: defect) { try TagList(Array(text.utf8)[...]) }
    }

    /// Names and values keep their case.
    @Test func tellsCasesApart() throws {
        let list = try TagList(Array("V=1; v=2".utf8)[...])
        #expect(list["v"].map(Array.init) == Array("2".utf8))
        #expect(list["V"].map(Array.init) == Array("1".utf8))
        #expect(list["x"] == nil)
    }

    @Test func hasALimit() throws {
        let tags = (0..<TagList.tagsMax).map { "t\($0)=" }
        #expect(try TagList(Array(tags.joined(separator: ";").utf8)[...]).tags.count == 64)
        let more = (tags + ["more="]).joined(separator: ";")
        #expect(throws: TagListDefect.tooManyTags) { try TagList(Array(more.utf8)[...]) }
    }
}
