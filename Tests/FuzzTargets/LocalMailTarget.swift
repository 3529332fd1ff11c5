import MailFlow
import MailModel
import NIOCore

extension FuzzTarget {
    /// A mail of a local program: lines of a mail whatever it was, and the same however it comes.
    static let localMail = FuzzTarget("local-mail") { bytes in
        let (header, lines, body) = try Splits.same(bytes[...]) { pieces in
            var reader = LocalMailReader()
            var body: [UInt8] = []
            for piece in pieces { body += reader.take(ByteBuffer(bytes: piece)).readableBytesView }
            body += reader.finish().readableBytesView
            return Parts(header: reader.header, lines: reader.writtenLines, body: body)
        }.all
        try requireEqual(lines.count, header.count { $0 == 10 } - 1, "lines of the header")
        try require(lines == lines.sorted(), "the header's lines are out of order")
        try require(
            header == [13, 10] || header.suffix(4) == [13, 10, 13, 10], "a header without its end")
        try checkLines(body, "the body")
        try require(body.isEmpty || body.suffix(2) == [13, 10], "a body without its end")
        let domain = Domain(validatedASCII: "host.example")
        let author = Mailbox(validatedLocalPart: "ada", domain: domain)
        let whole = LocalHeader(
            completing: header, domain: domain, author: author, authorName: "Ada")
        let block = HeaderBlock(whole.bytes[...])
        try requireEqual(block.length, whole.bytes.count, "the header's length")
        let added = HeaderBlock(header[...]).first("From") == nil ? 1 : 0
        try requireEqual(
            block.fields.count, HeaderBlock(header[...]).fields.count + added, "fields")
    }

    /// The body of a submitted mail: no line is too long, nothing but breaks is added, and it is the
    /// same however it comes.
    static let bodyLines = FuzzTarget("body-lines") { bytes in
        // As the session gives it: with CRLF at the end of each line.
        let whole = bytes.filter { $0 != 13 }.flatMap { $0 == 10 ? [13, 10] : [$0] }
        let broken = try Splits.same(whole[...]) { pieces in
            var lines = BodyLines()
            var output: [UInt8] = []
            for piece in pieces { output += lines.take(ByteBuffer(bytes: piece)).readableBytesView }
            return output + lines.finish().readableBytesView
        }
        try checkLines(broken, "the body")
        let isShort = whole.split(separator: 10).allSatisfy {
            ($0.last == 13 ? $0.dropLast() : $0).count <= BodyLines.lineBytesMax
        }
        if isShort { try requireEqual(broken, whole, "short lines") }
        func text(_ bytes: [UInt8]) -> [UInt8] { bytes.filter { ![10, 13, 32].contains($0) } }
        try requireEqual(text(broken), text(whole), "what the body says")
    }

    /// A list of addresses, completed: completing it again changes nothing.
    static let addressCompletion = FuzzTarget("address-completion") { bytes in
        let domain = Domain(validatedASCII: "host.example")
        let completed = AddressList.completed(bytes[...], domain: domain)
        try requireEqual(
            AddressList.completed(completed[...], domain: domain), completed, "completed again")
        let added = completed.count - bytes.count
        try require(
            added >= 0 && added % "@host.example".utf8.count == 0, "\(added) bytes were added")
    }

    private struct Parts: Equatable {
        var header: [UInt8]
        var lines: [Int]
        var body: [UInt8]

        var all: ([UInt8], [Int], [UInt8]) { (header, lines, body) }
    }

    private static func checkLines(_ bytes: [UInt8], _ what: String) throws {
        for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
            let content = line.last == 13 ? line.dropLast() : line
            try require(!content.contains(13), "\(what) has a bare carriage return")
            try require(
                content.count <= BodyLines.lineBytesMax, "\(what) has too long a line")
            try require(
                line.last == 13 || line.endIndex == bytes.endIndex, "\(what) has a bare line feed")
        }
    }
}
