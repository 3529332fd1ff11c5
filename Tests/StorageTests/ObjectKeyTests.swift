import Storage
import Testing

@Suite struct ObjectKeyTests {
    @Test(arguments: [
        "a", "a/b", "in/ü é", "a b", "x..a", "a./b.", "&<>'\"\\%+?#",
        String(repeating: "x", count: 255), String(repeating: "a/", count: 31) + "a",
        String(repeating: String(repeating: "x", count: 127) + "/", count: 7)
            + String(repeating: "x", count: 128),
    ])
    func isAKey(_ text: String) {
        #expect(ObjectKey(text)?.text == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", ".a", "a/../b", "a/.b", "a/./b", "a\0", "a\nb",
        "a\u{7F}", "a\u{85}", "a\u{FFFE}", String(repeating: "x", count: 256),
        String(repeating: "a/", count: 32) + "a",
        String(repeating: String(repeating: "x", count: 127) + "/", count: 7)
            + String(repeating: "x", count: 129),
    ])
    func isNone(_ text: String) {
        #expect(ObjectKey(text) == nil)
    }
}
