import MailModel
import Testing

/// RFC 3676 §4
@Suite struct FlowedTextTests {
    @Test(arguments: [
        ("a \r\nb\r\nc", "a b\nc"), ("a\r\nb", "a\nb"), ("> a \r\n> b\r\nc", "> a b\nc"),
        ("> a \r\n>> b\r\n", "> a \n>> b\n"), (" From x\r\n  y", "From x\n y"),
        ("a\r\n-- \r\nme", "a\n-- \nme"), ("a \r\n-- \r\nme", "a \n-- \nme"), ("a ", "a "),
        ("", ""),
    ])
    func joinsParagraphs(_ flowed: String, _ text: String) {
        #expect(FlowedText.unwrapped(flowed, isSpaceDeleted: false) == text)
    }

    @Test func deletesTheSpace() {
        #expect(FlowedText.unwrapped("你 \r\n好", isSpaceDeleted: true) == "你好")
    }

    @Test func isReadWhereItIsDeclared() {
        func text(_ type: String) -> String {
            MIMEMessage(Array("Content-Type: \(type)\n\na \r\nb\r\n".utf8)).root.readableText()
        }
        #expect(text("text/plain; format=Flowed") == "a b\n")
        #expect(text("text/plain") == "a \nb\n")
        #expect(text("text/html; format=flowed") == "a \nb\n")
    }

    @Test("P6: one endless paragraph costs linear time", .timeLimit(.minutes(1)))
    func isLinear() {
        let text = String(repeating: "word \r\n", count: 50_000)
        #expect(FlowedText.unwrapped(text, isSpaceDeleted: false).utf8.count == 250_001)
    }
}
