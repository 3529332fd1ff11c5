import MailModel
import NIOCore
import SMTPProtocol

extension FuzzTarget {
    /// Command lines: cut the same at any split; a command that was understood can be written, and
    /// means the same again.
    ///
    /// The first byte chooses the limit of a line.
    static let commands = FuzzTarget("commands") { bytes in
        guard let first = bytes.first else { return }
        let lineBytesMax = 16 << Int(first % 8)
        let lines = try Splits.same(bytes.dropFirst()) { pieces in
            try CommandLines.cut(pieces, lineBytesMax: lineBytesMax)
        }
        for case .line(let line) in lines { try CommandLines.check(line) }
        for case .bareLineFeed(let line) in lines { try CommandLines.check(line) }
    }

    /// What follows MAIL, RCPT and BDAT.
    static let parameters = FuzzTarget("parameters") { bytes in
        for prefix in ["MAIL FROM:<a@b.example> ", "RCPT TO:<a@b.example> ", "BDAT "] {
            try CommandLines.check(ByteBuffer(bytes: Array(prefix.utf8) + bytes))
        }
    }
}

private enum CommandLines {
    static func cut(
        _ pieces: [ArraySlice<UInt8>], lineBytesMax: Int
    ) throws -> [LineDecoder.Line] {
        var decoder = LineDecoder(lineBytesMax: lineBytesMax)
        var lines: [LineDecoder.Line] = []
        for piece in pieces {
            var input = ByteBuffer(bytes: piece)
            while let line = decoder.next(&input) {
                if case .line(let bytes) = line {
                    try require(bytes.readableBytes + 2 <= lineBytesMax, "a line over its limit")
                }
                lines.append(line)
                // A session ends here.
                if line == .endless { return lines }
            }
            try require(input.readableBytes == 0, "bytes left where no line is whole")
        }
        return lines
    }

    static func check(_ line: ByteBuffer) throws {
        guard let command = try? SMTPCommandParser.parse(line) else { return }
        try require(
            !text(of: command).utf8.contains { $0 < 32 || $0 == 127 }, "a control in \(command)")
        let again = ByteBuffer(string: text(of: command))
        let reread: SMTPCommand
        do throws(SMTPSyntaxError) {
            reread = try SMTPCommandParser.parse(again)
        } catch {
            throw FuzzFind("\(text(of: command)) is read from, and refused: \(error)")
        }
        try requireEqual(reread, command, "read again")
        try requireEqual(text(of: reread), text(of: command), "written again")
    }

    private static func text(of command: SMTPCommand) -> String {
        switch command {
        case .ehlo(let name), .helo(let name): "\(command.verb.rawValue) \(name)"
        case .mail(let path, let parameters):
            "MAIL FROM:<\(path.wireText)>" + text(of: parameters)
        case .rcpt(.postmaster, let parameters): "RCPT TO:<Postmaster>" + text(of: parameters)
        case .rcpt(.mailbox(let mailbox), let parameters):
            "RCPT TO:<\(mailbox.wireText)>" + text(of: parameters)
        case .auth(let mechanism, let initial):
            "AUTH \(mechanism)"
                + (initial.map { " " + String(decoding: $0, as: UTF8.self) } ?? "")
        case .bdat(let size, let isLast): "BDAT \(size)" + (isLast ? " LAST" : "")
        case .vrfy, .expn: "\(command.verb.rawValue) x"
        case .data, .rset, .noop, .quit, .help, .starttls: command.verb.rawValue
        }
    }

    private static func text(of parameters: MailParameters) -> String {
        (parameters.size.map { " SIZE=\($0)" } ?? "")
            + (parameters.is8BitMIME ? " BODY=8BITMIME" : "")
            + (parameters.isSMTPUTF8 ? " SMTPUTF8" : "")
            + (parameters.returned.map { " RET=\($0.rawValue)" } ?? "")
            + (parameters.envelopeID.map { " ENVID=\($0)" } ?? "")
            + (parameters.hasAuth ? " AUTH=<>" : "")
    }

    private static func text(of parameters: RecipientParameters) -> String {
        let names: [(DeliveryNotification.Occasions, String)] = [
            (.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY"),
        ]
        let notify = parameters.occasions.map { occasions in
            occasions.isEmpty
                ? " NOTIFY=NEVER"
                : " NOTIFY="
                    + names.filter { occasions.contains($0.0) }.map(\.1).joined(separator: ",")
        }
        return (notify ?? "") + (parameters.originalRecipient.map { " ORCPT=\($0)" } ?? "")
    }
}
