import Scanners
import Testing

@Suite struct ClamdAnswerTests {
    private static func answer(_ text: String) -> ClamdAnswer? {
        ClamdAnswer(Array(text.utf8)[...])
    }

    @Test(arguments: [
        ("stream: OK", ClamdAnswer.clean),
        ("stream: Eicar-Signature FOUND", .found(signature: "Eicar-Signature")),
        ("stream: A B(44d8:68) FOUND", .found(signature: "A B(44d8:68)")),
        ("stream: OK FOUND", .found(signature: "OK")),
        ("stream: FOUND FOUND", .found(signature: "FOUND")),
        ("INSTREAM size limit exceeded. ERROR", .error("INSTREAM size limit exceeded.")),
        ("stream: Can't open file ERROR", .error("stream: Can't open file")),
    ])
    func reads(_ text: String, _ answer: ClamdAnswer) {
        #expect(Self.answer(text) == answer)
    }

    @Test(arguments: [
        "", "OK", "stream:", "stream: ", "stream: ok", "stream: OK ", " stream: OK",
        "stream: FOUND",
        "stream:  FOUND", "stream:  A FOUND", "stream: A  FOUND", "stream: A found", "ERROR",
        "file: OK", "stream: OK\n", "stream: \t FOUND", "stream: Ä FOUND", "UNKNOWN COMMAND",
    ])
    func isNone(_ text: String) {
        #expect(Self.answer(text) == nil)
    }

    @Test func aNameMayBeSoLong() {
        let name = String(repeating: "a", count: ClamdAnswer.signatureBytesMax)
        #expect(Self.answer("stream: \(name) FOUND") == .found(signature: name))
        #expect(Self.answer("stream: \(name)a FOUND") == nil)
    }

    /// With the NUL that ends it.
    @Test func anAnswerMayBeSoLong() {
        let text = String(repeating: "a", count: ClamdAnswer.bytesMax - 1 - " ERROR".utf8.count)
        #expect(Self.answer("\(text) ERROR") == .error(text))
        #expect(Self.answer("\(text)a ERROR") == nil)
    }
}
