import Foundation
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

    /// A header's long line is folded where it has a space; else it stays, to be refused.
    @Test func longHeaderLinesAreFolded() {
        let words = "X: " + String(repeating: "word ", count: 300) + "end"
        for size in [1, 400, 10_000] {
            let header = Self.read("A: b\n\(words)\n\nx\n", size: size).header
            let lines = header.components(separatedBy: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= BodyLines.lineBytesMax })
            #expect(lines.dropFirst(2).dropLast(2).allSatisfy { $0.hasPrefix(" ") })
            #expect(header == "A: b\r\n" + lines[1...2].joined(separator: "\r\n") + "\r\n\r\n")
            #expect(lines[1] + lines[2] == words)
        }
        for line in [
            "X:" + String(repeating: "x", count: 998), String(repeating: "X", count: 999) + ": x",
        ] {
            #expect(Self.read("\(line)\n\nx\n", size: 1_000).header == "\(line)\r\n\r\n")
        }
    }

    @Test func linesAreNumberedAsTheyWereWritten() {
        var reader = LocalMailReader()
        let words = String(repeating: " word", count: 300)
        _ = reader.take(ByteBuffer(string: "From ada Mon\nA: b\nX:\(words)\nC: d\n\nx\n"))
        _ = reader.finish()
        #expect(reader.writtenLines == [2, 3, 3, 4])
    }

    @Test func longLinesOfTheBodyAreBroken() {
        let mail = "A: b\n\n" + String(repeating: "x", count: 1_000) + "\n"
        for size in [1, 400, 998, 10_000] {
            let body = Self.read(mail, size: size).body
            #expect(body.components(separatedBy: "\r\n").map(\.utf8.count) == [998, 3, 0])
        }
    }
}
