/// Finds where a report in prose stops and the mail that it quotes begins.
enum QuotedMailFinder {
    /// The first line that is not the server's; nil if nothing is quoted.
    static func start(in lines: [String]) -> Int? {
        for (index, line) in lines.enumerated() where !line.isEmpty {
            if isMarker(line) && lines[..<index].contains(where: { !$0.isEmpty }) {
                return index + 1
            }
            if isHeaderBlock(lines, at: index) { return index }
        }
        return nil
    }

    /// Lines that servers put before the mail they return, apart from dashes and the like around
    /// them.
    private static let markers = [
        "below this line is a copy of the message", "below the next line is a copy of the message",
        "original message follows", "original message", "message headers follow",
        "message header follows", "message headers follow.", "original message headers",
        "unsent message follows", "unsent message below", "returned message", "returned mail",
        "header of the source mail attached", "the header of the original message is following",
        "this is a copy of the message, including all the headers",
        "this is a copy of your message, including all the headers",
        "the body of the message is", "start of returned message", "your original message follows",
        "a copy of the original message below this line", "message non-deliverable",
        "original mail follows", "undelivered message follows", "mensaje original adjunto",
        "original message as received is as follows", "included is a copy of the message header",
        "attachment is a copy of the message", "your message reads (in part)",
        "the header and top", "lines of the message follows",
        "lines of your original message follow",
        "text of your message follows", "message text follows", "copy of your message follows",
        "header of your message follows", "original mail", "原文", "元のメッセージ",
        "ursprüngliche nachricht", "message original", "mensagem original",
        "summary of the undelivered message you sent follows", "body of message follows",
        "message d'origine", "original message details", "old message", "the original message",
        "a copy of the message follows", "original message header", "rejected message",
        "message de départ", "bounced e-mail", "元メール", "original mail as follows", "message header",
        "received header", "start of message header",
    ]

    private static func isMarker(_ line: String) -> Bool {
        guard line.utf8.count < 120 else { return false }
        let text = FoldedText(line)
        let bare = Self.bare(text)
        guard bare.count < text.bytes.count || text.hasSuffix("follows") || text.hasSuffix("follow")
        else { return false }
        return markers.contains { marker in
            guard
                bare.starts(with: marker.utf8)
                    || bare.reversed().starts(with: marker.utf8.reversed())
            else { return false }
            // `Original message size: 5`
            return bare.count < marker.utf8.count + 24 || text.bytes.first == UInt8(ascii: "-")
        }
    }

    /// Without decoration at either end.
    private static func bare(_ text: FoldedText) -> ArraySlice<UInt8> {
        let isDecoration: (UInt8) -> Bool = { byte in
            switch byte {
            case 97...122, 48...57, 0x80..., UInt8(ascii: ")"), UInt8(ascii: "("): false
            default: true
            }
        }
        var bare = text.bytes.drop(while: isDecoration)
        while let last = bare.last, isDecoration(last) { bare.removeLast() }
        return bare
    }

    /// Fields that a server writes into mails and not into reports.
    private static let telling: Set<String> = [
        "received", "return-path", "dkim-signature", "mime-version", "arc-seal",
        "domainkey-signature", "x-received", "delivered-to", "x-mailer", "x-originating-ip",
        "authentication-results", "x-apparently-to", "envelope-to",
    ]

    /// Whether fields begin here, at least three, a telling one among the first twelve lines.
    private static func isHeaderBlock(_ lines: [String], at start: Int) -> Bool {
        guard let first = FieldGroups.field(lines[start]), isUsual(first.name) else { return false }
        var names: Set<String> = []
        for line in lines[start...].prefix(12) {
            if line.isEmpty { break }
            guard let field = FieldGroups.field(line), isUsual(field.name) else { continue }
            names.insert(field.name)
        }
        return names.count >= 3 && !names.isDisjoint(with: telling)
    }

    private static func isUsual(_ name: String) -> Bool {
        telling.contains(name) || name.hasPrefix("x-") || common.contains(name)
    }

    private static let common: Set<String> = [
        "from", "to", "cc", "subject", "date", "sender", "reply-to", "content-type", "received-spf",
        "content-transfer-encoding", "precedence", "list-id", "in-reply-to", "references",
        "user-agent",
    ]
}
