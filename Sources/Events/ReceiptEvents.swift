import MailModel

/// The JSON that tells of a received mail, as SES words it.
package enum ReceiptEvents {
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
        EventJSON.encode(
            Notification(
                mail: MailObject(mail), receipt: ReceiptObject(mail, receipt), content: content,
                contentOmitted: omission))
    }

    /// What a Lambda function that SES calls is given.
    package static func lambda(_ mail: ReceivedMail, _ receipt: Receipt) -> [UInt8] {
        EventJSON.encode(
            LambdaEvent(Records: [
                LambdaRecord(
                    ses: LambdaRecord.Content(
                        mail: MailObject(mail), receipt: ReceiptObject(mail, receipt)))
            ]))
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
struct MailObject: Encodable {
    var timestamp: String
    var source: String
    var messageId: String
    var destination: [String]
    var headersTruncated: Bool
    var headers: HeaderList
    var commonHeaders: CommonHeaders
    /// As events of sent mails have them. SES has none here: absent where there are none.
    var tags: [String: [String]]?

    init(_ mail: ReceivedMail) {
        timestamp = mail.receivedAt.iso8601Text
        source = mail.mailFrom.wireText
        messageId = mail.id.text
        let named = ["To", "Cc", "Bcc"].flatMap { mail.header.all($0) }
            .flatMap { AddressList.addresses($0.body) }
        // SES lists whom the headers name; a mail that names nobody has its envelope left.
        var room = Room(bytes: EventLimits.commonBytesMax)
        destination = room.fit(named.isEmpty ? mail.recipients.map(\.wireText) : named)
        commonHeaders = CommonHeaders(
            mail.header, returnPath: mail.mailFrom.wireText,
            messageID: mail.header.first("Message-ID")?.decodedText)
        tags = mail.tags.isEmpty ? nil : mail.tags
        headers = HeaderList(mail.header.fields)
        headersTruncated =
            room.isExceeded || commonHeaders.isTruncated || headers.isTruncated
    }
}

/// SES: `receipt`.
struct ReceiptObject: Encodable {
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
    var replay: Replay?

    /// Ours: SES does not run a mail again.
    struct Replay: Encodable {
        var number: Int
        var originalMessageId: String
        var timestamp: String
        var object: String?

        init(_ replay: ReceiptReplay) {
            number = replay.number
            originalMessageId = replay.original.text
            timestamp = replay.startedAt.iso8601Text
            object = replay.object
        }
    }

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
        replay = receipt.replay.map(Replay.init)
    }
}
