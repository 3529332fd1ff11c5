import Documents
import MailModel

/// The two forms in which files have it: ours and SES's.
extension ReceiptBounce {
    /// Ours: a template, or what one would say.
    init?(reading value: DocumentValue, _ values: RuleValues) {
        let keys = ["template", "code", "status", "message", "sender", "topic"]
        guard let mapping = value.mapping(keys: keys) else { return nil }
        values.requireSending(value)
        let template = mapping["template"]?.choice(Template.all)
        // What is missing where a template was meant is not said twice.
        let hasTemplate = mapping.keys.contains("template")
        let code = hasTemplate ? mapping["code"] : mapping.required("code")
        let message = hasTemplate ? mapping["message"] : mapping.required("message")
        self.init(
            code: code, status: mapping["status"], message: message,
            sender: mapping.required("sender"), topic: values.topic(mapping["topic"]), template)
    }

    /// SES's `BounceAction`; its reply code is a text.
    init?(readingSES value: DocumentValue, _ values: RuleValues) {
        let keys = ["SmtpReplyCode", "StatusCode", "Message", "Sender", "TopicArn"]
        guard let mapping = value.mapping(keys: keys) else { return nil }
        values.requireSending(value)
        self.init(
            code: mapping.required("SmtpReplyCode"), status: mapping["StatusCode"],
            message: mapping.required("Message"), sender: mapping.required("Sender"),
            topic: values.topic(mapping["TopicArn"]), nil)
    }

    private init(
        code: DocumentValue?, status: DocumentValue?, message: DocumentValue?,
        sender: DocumentValue?, topic: String?, _ template: Template?
    ) {
        let replyCode = code?.int(in: 400...599) ?? template?.replyCode ?? 550
        self.init(
            replyCode: replyCode,
            status: status.flatMap { RuleValues.status($0, of: replyCode) }
                ?? (code == nil ? template?.status : nil),
            message: message.flatMap {
                RuleValues.line($0, "a message", bytesMax: Self.messageBytesMax)
            } ?? template?.message ?? "",
            sender: sender.flatMap(RuleValues.sender) ?? "", topic: topic)
    }

    /// As ours, on one line.
    var documentText: String {
        var entries = [("code", String(replyCode))]
        if let status { entries.append(("status", DocumentText.quoted(status.description))) }
        entries += [
            ("message", DocumentText.quoted(message)), ("sender", DocumentText.quoted(sender)),
        ]
        if let topic { entries.append(("topic", DocumentText.quoted(topic))) }
        return DocumentText.mapping(entries)
    }

    /// The members of SES's `BounceAction`.
    var sesMembers: [String: String] {
        var members = ["SmtpReplyCode": String(replyCode), "Message": message, "Sender": sender]
        members["StatusCode"] = status?.description
        members["TopicArn"] = topic.map(SESRuleDocument.topicARN)
        return members
    }
}
