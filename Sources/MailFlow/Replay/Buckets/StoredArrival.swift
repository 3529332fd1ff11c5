import MailModel
import Storage

/// What a `Received` field of SES's form tells of how a mail came.
struct StoredArrival {
    let id: MailID
    let helo: String
    /// Nil where the DNS had none that leads back.
    let peerName: Domain?
    /// Canonical; nil where there is none.
    let peerAddress: String?
    /// `ESMTPS`, for instance.
    let protocolName: String
    let recipient: Mailbox?
    let receivedAt: Timestamp

    /// `text`: the field's body, unfolded. The form stands above `StoredHead`.
    init?(_ text: String) {
        guard let semicolon = text.lastIndex(of: ";"),
            let date = Timestamp(rfc5322: String(text[text.index(after: semicolon)...]))
        else { return nil }
        var words = text[..<semicolon].split(separator: " ")[...]
        guard words.popFirst() == "from", let helo = words.popFirst() else { return nil }
        self.helo = String(helo)
        var peer: [Substring] = []
        while let word = words.first, word != "by" {
            peer.append(word)
            words.removeFirst()
        }
        guard words.popFirst() == "by", words.popFirst() != nil, words.popFirst() == "with",
            let name = words.popFirst(), words.popFirst() == "id",
            let id = words.popFirst().flatMap({ MailID(String($0)) })
        else { return nil }
        self.id = id
        protocolName = String(name)
        peerName = Self.name(peer.first)
        peerAddress = Self.address(peer.last)
        receivedAt = Self.moment(date, id)
        if words.isEmpty {
            recipient = nil
        } else {
            guard let recipient = Self.recipient(text[..<semicolon]) else { return nil }
            self.recipient = recipient
        }
    }

    /// `(mx.example`; `unknown` is none.
    private static func name(_ word: Substring?) -> Domain? {
        guard let word, word.hasPrefix("("), word.contains(".") else { return nil }
        return try? Domain(parsing: String(word.dropFirst()))
    }

    /// `[192.0.2.1])`, `[IPv6:2001:db8::1])`
    private static func address(_ word: Substring?) -> String? {
        guard let word, word.hasPrefix("["), word.hasSuffix("])") else { return nil }
        let text = word.dropFirst().dropLast(2)
        let isTagged = text.hasPrefix("IPv6:")
        return IPAddress(String(isTagged ? text.dropFirst(5) : text))?.description
    }

    /// An id of ours has the milliseconds, too; in one of Amazon's they are no time.
    private static func moment(_ date: Timestamp, _ id: MailID) -> Timestamp {
        (0..<1_000).contains(id.time.milliseconds - date.milliseconds) ? id.time : date
    }

    /// A quoted local part may have spaces: what stands behind the first ` for ` is one path.
    private static func recipient(_ text: Substring) -> Mailbox? {
        guard let start = text.firstRange(of: " for ") else { return nil }
        var path = text[start.upperBound...]
        if path.hasPrefix("<"), path.hasSuffix(">") { path = path.dropFirst().dropLast() }
        return Mailbox(String(path))
    }

    /// Of a mail of which nothing says whether it came by TLS. A rule that asks for TLS would have had
    /// it refused at the door; what lies there was not.
    static let unknownTLS = "unknown"

    /// Nil for plaintext; the version is never told. Of HELO there is one word for both, which Amazon has
    /// for all. RFC 3848, RFC 6531 §4.3
    var tls: String? {
        if protocolName == "SMTP" { return Self.unknownTLS }
        return protocolName.hasSuffix("S") || protocolName.hasSuffix("SA") ? "TLS" : nil
    }

    var isSMTPUTF8: Bool { protocolName.hasPrefix("UTF8") }
    var isExtended: Bool { protocolName.hasPrefix("ESMTP") || isSMTPUTF8 }
}
