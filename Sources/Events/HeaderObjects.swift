import MailModel

/// SES: `headers`: one object for each field, in order.
struct HeaderList {
    private var entries: [JSONValue] = []
    private(set) var isTruncated = false

    /// The fields that fit into `EventLimits.headerBytesMax`; `value` says what is told of one.
    init(
        _ fields: some Sequence<HeaderBlock.Field>,
        value: (HeaderBlock.Field) -> String = { $0.decodedText }
    ) {
        var bytes = 0
        for field in fields {
            bytes += field.name.utf8.count + field.body.count + 4
            guard bytes <= EventLimits.headerBytesMax else {
                isTruncated = true
                break
            }
            entries.append(
                .object(["name": .text(field.name), "value": .text(value(field))]))
        }
    }

    var json: JSONValue { .list(entries) }
}

/// SES: `commonHeaders`: only what the mail has.
struct CommonHeaders {
    let json: JSONValue
    /// Whether something did not fit.
    let isTruncated: Bool

    /// What is short and says most has its room first.
    init(_ header: HeaderBlock, returnPath: String?, messageID: String?) {
        var room = Room(bytes: EventLimits.commonBytesMax)
        let returnPath: String? = room.fit(returnPath)
        let messageID: String? = room.fit(messageID)
        let date: String? = room.fit(header.first("Date")?.decodedText)
        let subject: String? = room.fit(header.first("Subject")?.decodedText)
        let from: [String]? = room.fit(Self.list(header, "From"))
        let sender: String? = room.fit(Self.list(header, "Sender")?.first)
        let replyTo: [String]? = room.fit(Self.list(header, "Reply-To"))
        let to: [String]? = room.fit(Self.list(header, "To"))
        let cc: [String]? = room.fit(Self.list(header, "Cc"))
        let bcc: [String]? = room.fit(Self.list(header, "Bcc"))
        json = .object([
            "returnPath": returnPath.map(JSONValue.text),
            "messageId": messageID.map(JSONValue.text), "date": date.map(JSONValue.text),
            "subject": subject.map(JSONValue.text), "from": from.map(JSONValue.texts),
            "sender": sender.map(JSONValue.text), "replyTo": replyTo.map(JSONValue.texts),
            "to": to.map(JSONValue.texts), "cc": cc.map(JSONValue.texts),
            "bcc": bcc.map(JSONValue.texts),
        ])
        isTruncated = room.isExceeded
    }

    private static func list(_ header: HeaderBlock, _ name: String) -> [String]? {
        let fields = header.all(name)
        return fields.isEmpty ? nil : fields.flatMap(\.entries)
    }
}
