import Testing

@testable import Events

/// `@testable`: a form is filled by the shapes of this target alone.
@Suite struct FormDataTests {
    @Test func partsAreWrittenAsTheyAre() {
        var form = FormData()
        form.add("a", "ü\r\n--x")
        form.add("b", [0, 255])
        form.addFile("c", "ü.txt", mediaType: "text/plain", [])
        let expected =
            Array("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nü\r\n--x\r\n".utf8)
            + Array("--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n".utf8)
            + [0, 255, 13, 10]
            + Array(
                """
                --x\r\nContent-Disposition: form-data; name="c"; filename="ü.txt"\r
                Content-Type: text/plain\r\n\r\n\r\n--x--\r\n
                """.utf8)
        #expect(form.bytes(boundary: "x") == expected)
    }

    @Test(arguments: [
        ("a\"b", "a%22b"), ("a\\", "a%5C"), ("a\r\nb\0", "a%0D%0Ab%00"), ("a\u{7F}b", "a%7Fb"),
        ("50%.txt", "50%.txt"), ("", ""),
    ])
    func noNameEndsItself(_ name: String, _ written: String) {
        var form = FormData()
        form.addFile("f", name, mediaType: "text/plain", [])
        let text = String(decoding: form.bytes(boundary: "x"), as: UTF8.self)
        #expect(text.contains("; filename=\"\(written)\"\r\n"))
    }

    @Test func withoutFilesItIsURLEncodedToo() {
        var form = FormData()
        #expect(form.urlEncoded(bytesMax: 0) == [])
        form.add("a b&=", "ü + \r\n~")
        form.add("b", [0, 255])
        form.add("c", "")
        #expect(
            form.urlEncoded(bytesMax: .max).map { String(decoding: $0, as: UTF8.self) }
                == "a%20b%26%3D=%C3%BC%20%2B%20%0D%0A~&b=%00%FF&c=")
        #expect(form.urlEncoded(bytesMax: 46)?.count == 46)
        #expect(form.urlEncoded(bytesMax: 45) == nil)
        form.addFile("d", "d.txt", mediaType: "text/plain", [])
        #expect(form.urlEncoded(bytesMax: .max) == nil)
    }

    @Test func aBoundaryFits() {
        let boundary = FormData.boundary(
            [UInt8](repeating: 255, count: FormData.boundaryRandomBytes))
        #expect(boundary.utf8.count <= 70)
        #expect(boundary == "martlet-ffffffffffffffffffffffffffffffff")
    }
}
