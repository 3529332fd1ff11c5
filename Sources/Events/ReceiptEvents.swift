import Foundation
import MailModel

/// The JSON that tells of a received mail, as SES words it.
package enum ReceiptEvents {
    /// Header bytes that an event carries before it says `headersTruncated`. SES: 10 KB.
    package static let headerBytesMax = 10_240
    /// Bytes of `destination`, and of `commonHeaders`, before the event says `headersTruncated`:
    /// UTF-8 before JSON's escapes, which make six of a byte at most. An entry comes whole or not
    /// at all.
    package static let commonBytesMax = 10_240
    /// Bytes of a notification's `Message`, as SNS counts them: 256 KB.
    package static let messageBytesMax = 262_144

    /// Why a notification comes without the mail's content.
    package struct ContentOmission: Sendable, Encodable {
        package var reason: String
        /// `bucket/key` of the objects where the mail can be read.
        package var objects: [String]

        package init(reason: String, objects: [String]) {
            self.reason = reason
            self.objects = objects
        }
    }

    /// The `Message` of a notification. `content` is given by `notify` alone; where it would not
    /// fit, `omission` says so.
    package static func notification(
        _ mail: ReceivedMail, _ receipt: Receipt, content: String? = nil,
        omission: ContentOmission? = nil
    ) -> [UInt8] {
        encode(
            Notification(
                mail: MailObject(mail), receipt: ReceiptObject(mail, receipt), content: content,
                contentOmitted: omission))
    }

    /// What a Lambda function that SES calls is given.
    package static func lambda(_ mail: ReceivedMail, _ receipt: Receipt) -> [UInt8] {
        encode(
            LambdaEvent(Records: [
                LambdaRecord(
                    ses: LambdaRecord.Content(
                        mail: MailObject(mail), receipt: ReceiptObject(mail, receipt)))
            ]))
    }

    private static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("texts, numbers and lists of them always encode")
        }
        return Array(data)
    }

    private struct Notification: Encodable {
        var notificationType = "Received"
        var mail: MailObject
        var receipt: ReceiptObject
        var content: String?
        var contentOmitted: ContentOmission?
    }

    private struct LambdaEvent: Encodable {
        var Records: [LambdaRecord]
    }

    private struct LambdaRecord: Encodable {
        struct Content: Encodable {
            var mail: MailObject
            var receipt: ReceiptObject
        }
        var eventSource = "aws:ses"
        var eventVersion = "1.0"
        var ses: Content
    }
}

/// SES: `mail`.
private struct MailObject: Encodable {
    struct Header: Encodable {
        var name: String
        var value: String
    }

    var timestamp: String
    var source: String
    var messageId: String
    var destination: [String]
    var headersTruncated = false
    var headers: [Header] = []
    var commonHeaders: CommonHeaders

    init(_ mail: ReceivedMail) {
        timestamp = mail.receivedAt.iso8601Text
        source = mail.mailFrom.wireText
        messageId = mail.id.text
        let named = ["To", "Cc", "Bcc"].flatMap { mail.header.all($0) }
            .flatMap { AddressList.addresses($0.body) }
        // SES lists whom the headers name; a mail that names nobody has its envelope left.
        var room = Room(bytes: ReceiptEvents.commonBytesMax)
        destination = room.fit(named.isEmpty ? mail.recipients.map(\.wireText) : named)
        commonHeaders = CommonHeaders(mail)
        headersTruncated = room.isExceeded || commonHeaders.isTruncated
        var bytes = 0
        for field in mail.header.fields {
            bytes += field.name.utf8.count + field.body.count + 4
            guard bytes <= ReceiptEvents.headerBytesMax else {
                headersTruncated = true
                break
            }
            headers.append(Header(name: field.name, value: field.decodedText))
        }
    }
}

/// SES: `commonHeaders`: only what the mail has.
private struct CommonHeaders: Encodable {
    var returnPath: String?
    var from: [String]?
    var date: String?
    var to: [String]?
    var cc: [String]?
    var bcc: [String]?
    var sender: String?
    var replyTo: [String]?
    var messageId: String?
    var subject: String?

    /// Whether something did not fit; no part of the JSON.
    let isTruncated: Bool

    private enum CodingKeys: String, CodingKey {
        case returnPath, from, date, to, cc, bcc, sender, replyTo, messageId, subject
    }

    /// What is short and says most has its room first.
    init(_ mail: ReceivedMail) {
        let header = mail.header
        var room = Room(bytes: ReceiptEvents.commonBytesMax)
        returnPath = room.fit(mail.mailFrom.wireText)
        messageId = room.fit(header.first("Message-ID")?.text)
        date = room.fit(header.first("Date")?.text)
        subject = room.fit(header.first("Subject")?.decodedText)
        from = room.fit(Self.list(header, "From"))
        sender = room.fit(Self.list(header, "Sender")?.first)
        replyTo = room.fit(Self.list(header, "Reply-To"))
        to = room.fit(Self.list(header, "To"))
        cc = room.fit(Self.list(header, "Cc"))
        bcc = room.fit(Self.list(header, "Bcc"))
        isTruncated = room.isExceeded
    }

    private static func list(_ header: HeaderBlock, _ name: String) -> [String]? {
        let fields = header.all(name)
        return fields.isEmpty ? nil : fields.flatMap { AddressList.entries($0.body) }
    }
}

/// SES: `receipt`.
private struct ReceiptObject: Encodable {
    struct Verdict: Encodable {
        var status: String
    }

    var timestamp: String
    var processingTimeMillis: Int64
    var recipients: [String]
    var spamVerdict: Verdict
    var virusVerdict: Verdict
    var spfVerdict: Verdict
    var dkimVerdict: Verdict
    var dmarcVerdict: Verdict
    var dmarcPolicy: String?
    var action: ReceiptActionObject

    init(_ mail: ReceivedMail, _ receipt: Receipt) {
        timestamp = mail.receivedAt.iso8601Text
        processingTimeMillis = receipt.processingMilliseconds
        recipients = receipt.recipients.map(\.wireText)
        spamVerdict = Verdict(status: receipt.verdicts.spam.rawValue)
        virusVerdict = Verdict(status: receipt.verdicts.virus.rawValue)
        spfVerdict = Verdict(status: receipt.verdicts.spf.rawValue)
        dkimVerdict = Verdict(status: receipt.verdicts.dkim.rawValue)
        dmarcVerdict = Verdict(status: receipt.verdicts.dmarc.rawValue)
        dmarcPolicy = receipt.verdicts.dmarcPolicy
        action = receipt.action
    }
}
