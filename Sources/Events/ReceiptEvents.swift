import MailModel

/// The JSON that tells of a received mail, as SES words it.
package enum ReceiptEvents {
    /// Bytes of a notification's `Message`, as SNS counts them: 256 KB.
    package static let messageBytesMax = 262_144

    /// Why a notification comes without the mail's content.
    package struct ContentOmission: Sendable {
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
        JSONValue.object([
            "notificationType": .text("Received"), "mail": mailObject(mail),
            "receipt": receiptObject(mail, receipt), "content": content.map(JSONValue.text),
            "contentOmitted": omission.map {
                .object(["reason": .text($0.reason), "objects": .texts($0.objects)])
            },
        ]).bytes
    }

    /// What a Lambda function that SES calls is given.
    package static func lambda(_ mail: ReceivedMail, _ receipt: Receipt) -> [UInt8] {
        let content = JSONValue.object([
            "mail": mailObject(mail), "receipt": receiptObject(mail, receipt),
        ])
        let record = JSONValue.object([
            "eventSource": .text("aws:ses"), "eventVersion": .text("1.0"), "ses": content,
        ])
        return JSONValue.object(["Records": .list([record])]).bytes
    }

    // MARK: Their parts

    /// SES: `mail`.
    static func mailObject(_ mail: ReceivedMail) -> JSONValue {
        let named = ["To", "Cc", "Bcc"].flatMap { mail.header.all($0) }
            .flatMap { AddressList.addresses($0.body) }
        // SES lists whom the headers name; a mail that names nobody has its envelope left.
        var room = Room(bytes: EventLimits.commonBytesMax)
        let destination: [String] = room.fit(
            named.isEmpty ? mail.recipients.map(\.wireText) : named)
        let commonHeaders = CommonHeaders(
            mail.header, returnPath: mail.mailFrom.wireText,
            messageID: mail.header.first("Message-ID")?.decodedText)
        let headers = HeaderList(mail.header.fields)
        return .object([
            "timestamp": .text(mail.receivedAt.iso8601Text),
            "source": .text(mail.mailFrom.wireText), "messageId": .text(mail.id.text),
            "destination": .texts(destination), "headers": headers.json,
            "headersTruncated": .flag(
                room.isExceeded || commonHeaders.isTruncated || headers.isTruncated),
            "commonHeaders": commonHeaders.json,
            // As events of sent mails have them. SES has none here: absent where there are none.
            "tags": mail.tags.isEmpty ? nil : .object(of: mail.tags.mapValues(JSONValue.texts)),
        ])
    }

    /// SES: `receipt`.
    static func receiptObject(_ mail: ReceivedMail, _ receipt: Receipt) -> JSONValue {
        func verdict(_ verdict: ReceiptVerdict) -> JSONValue {
            .object(["status": .text(verdict.rawValue)])
        }
        let verdicts = receipt.verdicts
        return .object([
            "timestamp": .text(mail.receivedAt.iso8601Text),
            "processingTimeMillis": .number(receipt.processingMilliseconds),
            "recipients": .texts(receipt.recipients.map(\.wireText)),
            "spamVerdict": verdict(verdicts.spam), "virusVerdict": verdict(verdicts.virus),
            "spfVerdict": verdict(verdicts.spf), "dkimVerdict": verdict(verdicts.dkim),
            "dmarcVerdict": verdict(verdicts.dmarc),
            "dmarcPolicy": verdicts.dmarcPolicy.map(JSONValue.text),
            "action": receipt.action.json, "replay": receipt.replay.map(replayObject),
        ])
    }

    /// Ours: SES does not run a mail again.
    private static func replayObject(_ replay: ReceiptReplay) -> JSONValue {
        .object([
            "number": .number(Int64(replay.number)),
            "originalMessageId": .text(replay.original.text),
            "timestamp": .text(replay.startedAt.iso8601Text),
            "object": replay.object.map(JSONValue.text),
        ])
    }
}
