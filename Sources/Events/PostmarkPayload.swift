package import MailModel

/// A mail as Postmark's inbound webhook tells of it.
package enum PostmarkPayload {
    /// `recipients`: whom the rule took; the first is the one that Postmark has a word for.
    package static func bytes(
        of contents: MailContents, mail: MailID, recipients: [Mailbox]
    ) -> [UInt8] {
        EventJSON.encode(Payload(contents, mail, recipients))
    }

    private struct Person: Encodable {
        var Email: String
        var Name: String
        var MailboxHash: String

        init(_ entry: AddressList.Entry) {
            Email = entry.address
            Name = entry.name ?? ""
            MailboxHash = Mailbox(entry.address)?.label ?? ""
        }
    }

    private struct Header: Encodable {
        var Name: String
        var Value: String
    }

    private struct Attachment: Encodable {
        var Name: String
        var Content: String
        var ContentType: String
        var ContentLength: Int
        /// Absent where there is none: readers take what has one for a picture in the HTML.
        var ContentID: String?
    }

    private struct Payload: Encodable {
        var FromName: String
        var MessageStream = "inbound"
        var From: String
        var FromFull: Person
        var To: String
        var ToFull: [Person]
        var Cc: String
        var CcFull: [Person]
        var Bcc: String
        var BccFull: [Person]
        var OriginalRecipient: String
        var Subject: String
        var MessageID: String
        var ReplyTo: String
        var MailboxHash: String
        var Date: String
        var TextBody: String
        var HtmlBody: String
        var StrippedTextReply: String
        var Tag: String
        var Headers: [Header]
        var Attachments: [Attachment]

        init(_ contents: MailContents, _ mail: MailID, _ recipients: [Mailbox]) {
            let header = contents.header
            func people(_ name: String) -> [AddressList.Entry] {
                header.all(name).flatMap { AddressList.mailboxes($0.body) }
            }
            func text(_ name: String) -> String { header.first(name)?.decodedText ?? "" }
            func list(_ name: String) -> String {
                header.all(name).map(\.decodedText).joined(separator: ", ")
            }
            let from = people("From").first ?? AddressList.Entry(name: nil, address: "", group: nil)
            FromName = from.name ?? ""
            From = from.address
            FromFull = Person(from)
            To = list("To")
            ToFull = people("To").map { Person($0) }
            Cc = list("Cc")
            CcFull = people("Cc").map { Person($0) }
            Bcc = list("Bcc")
            BccFull = people("Bcc").map { Person($0) }
            OriginalRecipient = recipients.first?.wireText ?? ""
            Subject = text("Subject")
            MessageID = mail.text
            ReplyTo = list("Reply-To")
            MailboxHash = recipients.first?.label ?? ""
            Date = text("Date")
            TextBody = contents.text ?? ""
            HtmlBody = contents.html ?? ""
            let answer = ReplyText(TextBody)
            StrippedTextReply = answer.isAnswer ? answer.reply : ""
            Tag = text("X-Tag")
            Headers = header.fields
                .filter { !PostmarkPayload.told.contains($0.name.lowercased()) }
                .map { Header(Name: $0.name, Value: $0.decodedText) }
            Attachments = contents.attachments.filter { $0.container == .part }.map { part in
                Attachment(
                    Name: part.fileName ?? "", Content: part.content.map { Base64.text($0) } ?? "",
                    ContentType: part.declaredType ?? "application/octet-stream",
                    ContentLength: part.size, ContentID: part.bareContentID)
            }
        }
    }

    /// Fields that have a place of their own.
    private static let told: Set<String> = [
        "from", "to", "cc", "bcc", "subject", "date", "reply-to",
    ]
}
