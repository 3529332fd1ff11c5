package import MailModel

/// How an attachment is got that an event does not carry.
package struct LinkedAttachment: Sendable {
    package var url: String
    package var expiresAt: Timestamp

    package init(url: String, expiresAt: Timestamp) {
        self.url = url
        self.expiresAt = expiresAt
    }
}

extension ReceiptEvents {
    /// What a webhook is given: SES's `mail` and `receipt`, and what the mail says and carries. An
    /// attachment without its content has its link (`links`, by its place), or says why it has none,
    /// and `objects` (`bucket/key`) where the mail is.
    package static func webhook(
        _ mail: ReceivedMail, _ receipt: Receipt, _ contents: MailContents,
        links: [Int: LinkedAttachment], contentsBytesMax: Int, objects: [String]
    ) -> [UInt8] {
        EventJSON.encode(
            WebhookEvent(
                timestamp: mail.receivedAt.iso8601Text, mail: mailObject(mail),
                receipt: receiptObject(mail, receipt),
                content: WebhookEvent.Content(
                    text: contents.text, html: contents.html,
                    attachments: contents.attachments.enumerated().map {
                        WebhookEvent.Attachment(
                            $1, links[$0], contentsBytesMax: contentsBytesMax)
                    }, attachmentsTruncated: contents.areAttachmentsCut, objects: objects)))
    }

    private struct WebhookEvent: Encodable {
        var type = "mail.received"
        var timestamp: String
        var mail: JSONValue
        var receipt: JSONValue
        var content: Content

        struct Content: Encodable {
            var text: String?
            var html: String?
            var attachments: [Attachment]
            var attachmentsTruncated: Bool
            var objects: [String]
        }

        struct Attachment: Encodable {
            var fileName: String?
            var contentType: String?
            var disposition: String?
            var contentId: String?
            var size: Int
            var sha256: String
            /// In base64.
            var content: String?
            var contentOmitted: String?
            var url: String?
            var urlExpiresAt: String?

            init(
                _ attachment: MIMEAttachment, _ link: LinkedAttachment?, contentsBytesMax: Int
            ) {
                fileName = attachment.fileName
                contentType = attachment.declaredType
                disposition = attachment.disposition
                contentId = attachment.bareContentID
                size = attachment.size
                sha256 = Hexadecimal.text(attachment.sha256)
                content = attachment.content.map { Base64.text($0) }
                url = link?.url
                urlExpiresAt = link?.expiresAt.iso8601Text
                if content == nil, link == nil {
                    contentOmitted =
                        "an event carries at most \(contentsBytesMax) bytes of attachments"
                }
            }
        }
    }
}
