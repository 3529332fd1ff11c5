import DeliveryQueue
import MailModel
import NIOCore
import SMTPProtocol
import Storage

/// The commands of one mail, as a server with these extensions takes them, and what it would need
/// besides.
struct MailCommands {
    let mail: ByteBuffer
    let recipient: ByteBuffer

    /// What keeps `mail` from a server; nil where nothing does. RFC 6531 §3.1, RFC 6152 §3,
    /// RFC 1870 §6.1, RFC 8689 §4.2.1
    static func lack(
        of extensions: ServerExtensions, for mail: OutgoingMail
    ) -> SessionFailure.Lack? {
        let keywords = extensions.keywords
        if mail.tls == .verifiedOnward, !keywords.contains(.requireTLS) { return .requireTLS }
        if mail.isSMTPUTF8, !keywords.contains(.smtpUTF8) { return .smtpUTF8 }
        if mail.is8Bit, !keywords.contains(.eightBitMIME) { return .eightBitMIME }
        if let bytesMax = extensions.mailBytesMax, mail.length > bytesMax { return .size }
        return nil
    }

    init(_ mail: OutgoingMail, for extensions: ServerExtensions) throws(SessionFailure) {
        self.mail = try Self.mailLine(mail, extensions.keywords)
        recipient = try Self.recipientLine(mail, extensions.keywords)
    }

    /// `"MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF`
    private static func mailLine(
        _ mail: OutgoingMail, _ keywords: ServerExtensions.Keywords
    ) throws(SessionFailure) -> ByteBuffer {
        var line = CommandWriter()
        line.write("MAIL FROM:")
        switch mail.reversePath {
        case .null: line.write("<>")
        case .mailbox(let mailbox):
            do throws(CommandWriter.Refusal) {
                try line.write(path: mailbox, isUTF8: mail.isSMTPUTF8)
            } catch {
                throw SessionFailure(.mail, .unsendable(.reversePath))
            }
        }
        if keywords.contains(.size) {
            line.write(" SIZE=")
            line.write(mail.length)
        }
        if mail.is8Bit { line.write(" BODY=8BITMIME") }
        if mail.isSMTPUTF8 { line.write(" SMTPUTF8") }
        if mail.tls == .verifiedOnward { line.write(" REQUIRETLS") }
        if keywords.contains(.dsn) { try addNotification(mail.notification, &line) }
        line.endLine()
        return line.bytes
    }

    /// RFC 3461 §4.3, RFC 3461 §4.4
    private static func addNotification(
        _ notification: DeliveryNotification, _ line: inout CommandWriter
    ) throws(SessionFailure) {
        switch notification.returned {
        case .full: line.write(" RET=FULL")
        case .headers: line.write(" RET=HDRS")
        case nil: break
        }
        guard let id = notification.envelopeID else { return }
        line.write(" ENVID=")
        do throws(CommandWriter.Refusal) {
            try line.write(xtext: id)
        } catch {
            throw SessionFailure(.mail, .unsendable(.parameter("ENVID")))
        }
    }

    /// `"RCPT TO:" Forward-path [SP Rcpt-parameters] CRLF`
    private static func recipientLine(
        _ mail: OutgoingMail, _ keywords: ServerExtensions.Keywords
    ) throws(SessionFailure) -> ByteBuffer {
        var line = CommandWriter()
        line.write("RCPT TO:")
        do throws(CommandWriter.Refusal) {
            try line.write(path: mail.recipient, isUTF8: mail.isSMTPUTF8)
        } catch {
            throw SessionFailure(.recipient, .unsendable(.recipient))
        }
        if keywords.contains(.dsn) { try addOccasions(mail.notification, &line) }
        line.endLine()
        return line.bytes
    }

    /// RFC 3461 §4.1, RFC 3461 §4.2
    private static func addOccasions(
        _ notification: DeliveryNotification, _ line: inout CommandWriter
    ) throws(SessionFailure) {
        if let occasions = notification.occasions {
            line.write(" NOTIFY=")
            if occasions.isEmpty { line.write("NEVER") }
            var isFirst = true
            for (occasion, name) in occasionNames where occasions.contains(occasion) {
                if !isFirst { line.write(",") }
                line.write(name)
                isFirst = false
            }
        }
        guard let original = notification.originalRecipient else { return }
        // `original-recipient-address = addr-type ";" xtext`
        let parts = original.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        line.write(" ORCPT=")
        do throws(CommandWriter.Refusal) {
            guard parts.count == 2 else { throw CommandWriter.Refusal() }
            try line.write(xtext: parts[0])
            line.write(";")
            try line.write(xtext: parts[1])
        } catch {
            throw SessionFailure(.recipient, .unsendable(.parameter("ORCPT")))
        }
    }

    private static let occasionNames: [(DeliveryNotification.Occasions, StaticString)] = [
        (.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY"),
    ]
}
