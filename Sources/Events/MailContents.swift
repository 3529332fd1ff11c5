package import MailModel

/// What a mail says and carries, for whoever does not read MIME.
package struct MailContents: Sendable {
    package let header: HeaderBlock
    /// The parts to read as plain text, one after the other; nil where there are none.
    package let text: String?
    /// The same as HTML.
    package let html: String?
    /// What is not within another one.
    package private(set) var attachments: [MIMEAttachment]
    /// Whether there are more than are listed.
    package let areAttachmentsCut: Bool

    /// Contents of attachments are kept as long as there is room.
    package init(_ mail: [UInt8], contentsBytesMax: Int) {
        let message = MIMEMessage(mail)
        header = message.header
        let bodies = MIMEBodies(message)
        text = Self.joined(bodies.text, "text/plain")
        html = Self.joined(bodies.html, "text/html")
        let all = MIMEAttachments(of: message, contentsBytesMax: contentsBytesMax)
        areAttachmentsCut = all.isCut
        var outer: [MIMEAttachment] = []
        var around: String?
        for attachment in all.list {
            let isInside = [".", "/"].contains { mark in
                around.map { attachment.section.hasPrefix($0 + mark) } ?? false
            }
            if isInside { continue }
            around = attachment.section
            outer.append(attachment)
        }
        attachments = outer
    }

    /// Takes the contents out that have no room in `bytesMax`, in the order of the mail, by their places
    /// among the attachments.
    package mutating func takeContents(beyond bytesMax: Int) -> [Int: [UInt8]] {
        var room = bytesMax
        var taken: [Int: [UInt8]] = [:]
        for index in attachments.indices {
            let size = attachments[index].size
            if size <= room, room > 0 {
                room -= size
            } else {
                taken[index] = attachments[index].content
                attachments[index].content = nil
            }
        }
        return taken
    }

    private static func joined(_ parts: [MIMEPart], _ type: String) -> String? {
        let texts = parts.filter { $0.contentType.essence == type }.map { $0.text() }
        return texts.isEmpty ? nil : texts.joined(separator: "\n")
    }
}

extension MIMEAttachment {
    /// Without its angle brackets.
    var bareContentID: String? {
        contentID.map { id in
            id.hasPrefix("<") && id.hasSuffix(">") ? String(id.dropFirst().dropLast()) : id
        }
    }
}
