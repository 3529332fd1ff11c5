package import MailModel

extension MailFacts {
    /// Takes in what `needs` asks of `mail`, a mail as it came. `guesser`: nil where nobody says what
    /// a content is by its bytes.
    package mutating func read(
        _ mail: [UInt8], for needs: Needs, guesser: (any ContentTypeGuesser)?
    ) {
        if needs.contains(.header) {
            // A block keeps alive whatever it was read from.
            let block = HeaderBlock(mail[...])
            header = .known(
                block.length == mail.count ? block : HeaderBlock(Array(block.bytes)[...]))
        }
        guard !needs.isDisjoint(with: [.body, .attachments]) else { return }
        let message = MIMEMessage(mail)
        if needs.contains(.body) { body = .known(Self.text(of: message)) }
        if needs.contains(.attachments) {
            let found = MIMEAttachments(of: message, guesser: guesser)
            attachments = .known(Attachments(list: found.list, isCut: found.isCut))
        }
    }

    /// What `needs` asks of the mail's content cannot be had.
    package mutating func noteUnreadable(because reason: String) {
        header = .unknown(reason)
        body = .unknown(reason)
        attachments = .unknown(reason)
    }

    private static func text(of message: MIMEMessage) -> String {
        var text = ""
        for part in MIMEBodies(message).text where part.contentType.type == "text" {
            if !text.isEmpty { text += "\n" }
            text += part.text()
            if text.utf8.count > bodyBytesMax { return text.prefix(utf8Bytes: bodyBytesMax) }
        }
        return text
    }
}

extension String {
    /// As many of the first characters as `count` bytes of UTF-8 hold; none is cut.
    func prefix(utf8Bytes count: Int) -> String {
        guard utf8.count > count else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: count)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
