/// What the header of a submitted mail asks of us; all of it is taken out before it leaves.
/// SES: `X-SES-…`
package struct SendingAsks: Sendable, Hashable {
    /// Names and ARNs as written, without space around them; what they name need not be there.
    package var configurationSet: String?
    package var sourceARN: String?
    package var fromARN: String?
    package var returnPathARN: String?
    /// `{contactListName}; topic={topicName}`
    package var listManagement: String?
    package var tenant: String?
    package var tags: [MessageTag] = []
    /// Of `Return-Path`: where what becomes of a mail is told to that came without an envelope's
    /// sender; otherwise that one is. Nil where there is none, or the null path. SES: ses.md E.5
    package var returnPath: Mailbox?

    init(_ header: HeaderBlock, _ names: [String]) throws(HeaderRefusal) {
        for (field, name) in zip(header.fields, names) {
            switch name {
            case SubmittedFieldRules.configurationSet: configurationSet = field.text
            case SubmittedFieldRules.sourceARN: sourceARN = field.text
            case SubmittedFieldRules.fromARN: fromARN = field.text
            case SubmittedFieldRules.returnPathARN: returnPathARN = field.text
            case SubmittedFieldRules.listManagement: listManagement = field.text
            case SubmittedFieldRules.tenant: tenant = field.text
            case SubmittedFieldRules.messageTags:
                do throws(MessageTag.Refusal) {
                    tags += try MessageTag.list(field.text)
                    if tags.count > MessageTag.countMax { throw .tooMany }
                } catch {
                    throw SubmittedHeader.refusal(.tag(error), of: field, in: header)
                }
            case "return-path" where field.text != "<>" && !field.body.isEmpty:
                let path = try SubmittedHeader.mailboxes(of: field, in: header)
                guard path.count == 1 else {
                    throw SubmittedHeader.refusal(.address(.notOne), of: field, in: header)
                }
                returnPath = path[0]
            default: break
            }
        }
    }
}
