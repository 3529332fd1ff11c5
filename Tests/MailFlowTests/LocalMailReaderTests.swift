import MailFlow
import NIOCore
import Testing

/// Mails as programs of Unix write them.
@Suite struct LocalMailReaderTests {
    /// What is read of `text`, handed over in pieces of `size`.
    private static func read(_ text: String, size: Int) -> (header: String, body: String) {
        var reader = LocalMailReader()
        var body = ByteBuffer()
        var rest = ByteBuffer(string: text)
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)),
            piece.readableBytes > 0
        {
            var read = reader.take(piece)
            body.writeBuffer(&read)
        }
        var end = reader.finish()
        body.writeBuffer(&end)
        return (String(decoding: reader.header, as: UTF8.self), String(buffer: body))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var mail: String
        var header: String
        var body: String

        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(
            name: "line feeds", mail: "A: b\nC: d\n\nx\ny\n", header: "A: b\r\nC: d\r\n\r\n",
            body: "x\r\ny\r\n"),
        Case(
            name: "both line ends", mail: "A: b\r\nC: d\n\r\nx\r\ny\n",
            header: "A: b\r\nC: d\r\n\r\n", body: "x\r\ny\r\n"),
        Case(name: "no end", mail: "A: b\n\nx", header: "A: b\r\n\r\n", body: "x\r\n"),
        Case(name: "no body", mail: "A: b", header: "A: b\r\n\r\n", body: ""),
        Case(name: "nothing", mail: "", header: "\r\n", body: ""),
        Case(name: "a text alone", mail: "disk full\n", header: "\r\n", body: "disk full\r\n"),
        Case(
            name: "no empty line", mail: "A: b\ndisk full\nC: d\n", header: "A: b\r\n\r\n",
            body: "disk full\r\nC: d\r\n"),
        Case(
            name: "folded", mail: "A: b\n c\n\td\n\nx\n", header: "A: b\r\n c\r\n\td\r\n\r\n",
            body: "x\r\n"),
        Case(name: "space before a header", mail: " A: b\n", header: "\r\n", body: " A: b\r\n"),
        Case(
            name: "a mailbox file's line", mail: "From ada Mon Nov 23\nA: b\n\nFrom x\n",
            header: "A: b\r\n\r\n", body: "From x\r\n"),
        Case(
            name: "a carriage return in a body ends a line", mail: "A: b\n\n10%\r20%\r\n\r\n30%\r",
            header: "A: b\r\n\r\n", body: "10%\r\n20%\r\n\r\n30%\r\n"),
        Case(
            name: "a carriage return in a header stays, to be refused",
            mail: "A: b\rBcc: c\n\n", header: "A: b\rBcc: c\r\n\r\n", body: ""),
        Case(name: "dots", mail: "A: b\n\n.\n..\n", header: "A: b\r\n\r\n", body: ".\r\n..\r\n"),
    ])
    func reads(_ sample: Case) {
        for size in [1, 2, 3, 7, 1_000] {
            let read = Self.read(sample.mail, size: size)
            #expect(read.header == sample.header)
            #expect(read.body == sample.body)
        }
    }

    @Test(arguments: [
        (990, [990]), (991, [990, 1]), (1_980, [990, 990]), (5_000, [990, 990, 990, 990, 990, 50]),
    ])
    func longLinesAreBroken(_ length: Int, _ expected: [Int]) {
        for size in [1, 400, 998, 10_000] {
            let mail = "A: b\n\n" + String(repeating: "x", count: length) + "\n"
            let body = Self.read(mail, size: size).body
            #expect(body.split(separator: "\r\n").map(\.utf8.count) == expected)
        }
    }

    @Test func noCharacterIsBroken() {
        for shift in 0..<4 {
            let line =
                String(repeating: "x", count: shift) + String(repeating: "\u{1F600}", count: 700)
            for size in [1, 997, 10_000] {
                let body = Self.read("\n" + line + "\n", size: size).body
                #expect(!body.contains("\u{FFFD}"))
                let lines = body.split(separator: "\r\n")
                #expect(lines.allSatisfy { $0.utf8.count <= LocalMailReader.lineBytesMax })
                #expect(lines.joined() == line)
            }
        }
    }

    /// What is no UTF-8 at all has an end, too.
    @Test func continuationBytesAloneAreBroken() {
        var reader = LocalMailReader()
        var body = reader.take(ByteBuffer(bytes: [10] + Array(repeating: 0x80, count: 3_000)))
        var end = reader.finish()
        body.writeBuffer(&end)
        let lines = Array(body.readableBytesView).split(separator: 10)
        #expect(lines.map(\.count) == [999, 999, 999, 7])
    }
}
