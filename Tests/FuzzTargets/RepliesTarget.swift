import NIOCore
import SMTPProtocol

extension FuzzTarget {
    /// What a server answers: the same replies and the same fault at any split; each has what a
    /// reply has, and is read again from its own lines.
    static let replies = FuzzTarget("replies") { bytes in
        let read = try Splits.same(bytes[...]) { ReadReplies($0) }
        for reply in read.replies { try ReadReplies.check(reply) }
    }
}

private struct ReadReplies: Equatable {
    private(set) var replies: [RemoteReply] = []
    private var fault: ReplyFault?

    init(_ pieces: [ArraySlice<UInt8>]) {
        var decoder = ReplyDecoder()
        for piece in pieces {
            var input = ByteBuffer(bytes: piece)
            do throws(ReplyFault) {
                while let reply = try decoder.next(&input) { replies.append(reply) }
            } catch {
                fault = error
                return
            }
        }
    }

    static func check(_ reply: RemoteReply) throws {
        try require((200..<600).contains(reply.code), "the code \(reply.code)")
        try require(
            (1...ReplyDecoder.linesKeptMax).contains(reply.lines.count),
            "\(reply.lines.count) lines")
        for line in reply.lines {
            try require(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "the line \(line)")
        }
        if let enhanced = reply.enhanced {
            // Of a no, one may say for now and the other for good.
            let classes = reply.code < 400 ? [reply.code / 100] : [4, 5]
            try require(classes.contains(enhanced.class), "the class of \(enhanced)")
        }
        let text =
            reply.lines.dropLast().map { "\(reply.code)-\($0)\r\n" }.joined()
            + "\(reply.code) \(reply.lines.last ?? "")\r\n"
        let again = ReadReplies([Array(text.utf8)[...]])
        try requireEqual(again.replies.map(\.lines), [reply.lines], "read again")
    }
}
