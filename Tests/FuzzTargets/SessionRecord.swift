import InboundSMTP
import MailModel
import SMTPProtocol
import Storage

/// What a peer and a server see of a session.
struct SessionRecord: Equatable {
    /// Replies as sent and events as told, in order.
    var log: [String] = []
    var replies: [SMTPReply] = []
    var mails: [RecordingReceiver.Mail] = []
    var abandoned = 0
    /// The peer went away before the end.
    var isCut = false
    var isClosed = false

    /// What holds of every session.
    func check(_ settings: SessionSettings) throws {
        for reply in replies { try Self.check(reply) }
        if let first = replies.first {
            try require([220, 421, 554].contains(first.code), "no greeting")
        }
        try require(isClosed, "a session without an end")
        try require(mails.count <= settings.limits.mailsMax, "more mails than the limit")
        for mail in mails {
            try require(mail.content.count <= settings.limits.mailBytesMax, "a mail over its limit")
        }
        try checkPromises()
    }

    private static func check(_ reply: SMTPReply) throws {
        try require(reply.code >= 200 && reply.code < 600, "the code of \(reply)")
        for line in reply.wireText.split(separator: "\r\n") {
            // RFC 5321 §4.5.3.1.5, with its CRLF.
            try require(line.utf8.count <= 510, "a reply too long: \(line)")
            try require(line.utf8.allSatisfy { $0 >= 32 && $0 < 127 }, "a reply's characters")
        }
    }

    /// What was acknowledged is stored, once and in that order; what is stored besides is the one
    /// mail whose answer a peer that was gone could not hear.
    private func checkPromises() throws {
        let acknowledged = replies.compactMap { reply in
            reply.wireText.split(separator: "queued as ").dropFirst().first?.prefix(40)
        }
        let stored = mails.map(\.id.description)
        try requireEqual(
            acknowledged.map(String.init), Array(stored.prefix(acknowledged.count)),
            "what was acknowledged")
        let unheard = stored.count - acknowledged.count
        try require(unheard == 0 || (isCut && unheard == 1), "\(unheard) mails nobody was told of")
    }
}
