import MailModel

/// SES: `headers`: one object for each field, in order.
struct HeaderList: Encodable {
    struct Entry: Encodable {
        var name: String
        var value: String
    }

    private(set) var entries: [Entry] = []
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
            entries.append(Entry(name: field.name, value: value(field)))
        }
    }

    func encode(to encoder: any Encoder) throws { try entries.encode(to: encoder) }
}

/// SES: `commonHeaders`: only what the mail has.
struct CommonHeaders: Encodable {
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
    init(_ header: HeaderBlock, returnPath: String?, messageID: String?) {
        var room = Room(bytes: EventLimits.commonBytesMax)
        self.returnPath = room.fit(returnPath)
        messageId = room.fit(messageID)
        date = room.fit(header.first("Date")?.decodedText)
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
        return fields.isEmpty ? nil : fields.flatMap(\.entries)
    }
}
