import MailModel
import NIOCore
import SMTPProtocol

/// Command lines: what is done with those that are none, and what a client may say without a mail.
extension SMTPServerSession {
    mutating func handle(_ line: LineDecoder.Line) {
        if isTraced { outputs.append(.heard(Heard(line))) }
        switch line {
        case .tooLong(let start): refuse(SMTPReplies.lineTooLong, line: start)
        case .endless: end(SMTPReplies.tooMuchData)
        case .bareLineFeed(let bytes):
            guard settings.bareLineEnds == .normalise else {
                return refuse(SMTPReplies.bareLineFeed, line: bytes)
            }
            handle(bytes)
        case .line(let bytes): handle(bytes)
        }
        if !isClosed { enforceIdleLimit() }
    }

    private mutating func handle(_ bytes: ByteBuffer) {
        do throws(SMTPSyntaxError) {
            let command = try SMTPCommandParser.parse(bytes)
            if settings.role == .submission { try Self.checkLocalPart(command) }
            handle(command)
        } catch {
            let reply = reply(to: error, in: bytes)
            if error == .http { return end(reply) }
            refuse(reply, line: bytes)
        }
        if case .command = phase { phaseStartedAt = now }
    }

    private func reply(to error: SMTPSyntaxError, in line: ByteBuffer) -> SMTPReply {
        let reply = SMTPReplies.syntax(error)
        guard settings.role == .submission, case .address(let fault) = error,
            reply.enhanced == Self.badSyntax
        else { return reply }
        return SubmissionReplies.invalidAddress(
            Self.path(in: line), isTooLong: fault.fact == .localPartTooLong)
    }

    /// Lists of others may have longer ones, which come to us; what is sent goes to servers that take
    /// no longer ones. RFC 5321 §4.5.3.1.1
    private static func checkLocalPart(_ command: SMTPCommand) throws(SMTPSyntaxError) {
        guard case .rcpt(.mailbox(let mailbox), _) = command,
            mailbox.localPart.utf8.count > AddressParser.sentLocalPartBytesMax
        else { return }
        throw .address(AddressError(.localPartTooLong, at: 0))
    }

    /// Of an address that is none. RFC 3463 §3.2
    private static let badSyntax = EnhancedStatusCode(5, 1, 3)

    /// What stands where MAIL and RCPT have an address: to its closing bracket, else to a space.
    private static func path(in line: ByteBuffer) -> String {
        let text = line.readableBytesView.drop { $0 != UInt8(ascii: ":") }.dropFirst()
            .drop { $0 == 0x20 || $0 == 0x09 }
        let end =
            text.first == UInt8(ascii: "<")
            ? text.lastIndex(of: UInt8(ascii: ">")).map { $0 + 1 } : text.firstIndex(of: 0x20)
        return String(decoding: text[..<(end ?? text.endIndex)], as: UTF8.self)
    }

    /// Behind a BDAT that is refused unread stands a chunk of nobody knows how many bytes, which
    /// must not be read as commands.
    private mutating func refuse(_ reply: SMTPReply, line: ByteBuffer) {
        refuse(reply, about: "a command line")
        if Self.isChunkCommand(line) { end(SMTPReplies.chunkUnreadable) }
    }

    private static func isChunkCommand(_ bytes: ByteBuffer) -> Bool {
        let verb = bytes.readableBytesView.drop { $0 == 0x20 || $0 == 0x09 }.prefix(4)
            .map { $0 & 0xDF }
        return verb == Array("BDAT".utf8)
    }

    private mutating func enforceIdleLimit() {
        if idleCommands > settings.limits.idleCommandsMax { end(SMTPReplies.tooManyCommands) }
    }
}

extension SMTPServerSession.Heard {
    init(_ line: LineDecoder.Line) {
        switch line {
        case .line(let bytes), .bareLineFeed(let bytes): self = .line(bytes)
        case .tooLong, .endless: self = .longLine
        }
    }
}
