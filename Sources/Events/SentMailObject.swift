import MailModel

/// SES: `mail` of what is told of a sent mail.
struct SentMailObject: Encodable {
    var timestamp: String
    var source: String
    var sourceArn: String
    var sendingAccountId: String
    var messageId: String
    var destination: [String]
    var headersTruncated: Bool
    var headers: JSONValue
    var commonHeaders: JSONValue
    var tags: [String: [String]]

    init(_ mail: SentMail) {
        timestamp = mail.acceptedAt.iso8601Text
        source = mail.source.wireText
        sourceArn = mail.identityARN
        sendingAccountId = mail.account
        messageId = mail.id.text
        var room = Room(bytes: EventLimits.commonBytesMax)
        destination = room.fit(mail.recipients.map(\.wireText))
        let list = HeaderList(Self.sendersFields(of: mail)) { field in
            guard let original = mail.sendersMessageID, field.name.lowercased() == "message-id"
            else { return field.decodedText }
            return original
        }
        let common = CommonHeaders(mail.head, returnPath: nil, messageID: mail.id.text)
        commonHeaders = common.json
        headersTruncated =
            list.isTruncated || common.isTruncated
            || destination.count < mail.recipients.count
        headers = list.json
        tags = Self.tags(of: mail)
    }

    /// Without what we put on top: signatures, and the line that says how the mail came to us.
    private static func sendersFields(of mail: SentMail) -> ArraySlice<HeaderBlock.Field> {
        var fields = mail.head.fields.drop { $0.name.lowercased() == "dkim-signature" }
        if fields.first?.name.lowercased() == "received" { fields.removeFirst() }
        return fields
    }

    private static func tags(of mail: SentMail) -> [String: [String]] {
        let domain = mail.head.first("From")
            .flatMap { AddressList.addresses($0.body).first }
            .flatMap { Mailbox($0) }?.domain.ascii
        let ours: [String: String?] = [
            "ses:operation": mail.origin.operation,
            "ses:configuration-set": mail.origin.configurationSet,
            "ses:source-ip": mail.origin.sourceIP,
            "ses:from-domain": domain,
            "ses:caller-identity": mail.origin.caller,
            "ses:outgoing-ip": mail.outgoingIP,
        ]
        return mail.origin.tags.merging(
            ours.compactMapValues { $0 }.mapValues { [$0] }, uniquingKeysWith: { $1 })
    }
}
