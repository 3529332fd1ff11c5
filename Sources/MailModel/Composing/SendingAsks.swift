/// What the header of a submitted mail asks of us and is heeded; all of it, and what is not, is
/// taken out before it leaves.
/// SES: `X-SES-…`
package struct SendingAsks: Sendable, Hashable {
    /// As written, without space around it; it need not be there.
    package var configurationSet: String?
    package var tags: [MessageTag] = []
    /// Of `Return-Path`: where what becomes of a mail is told to that came without an envelope's
    /// sender; otherwise that one is. Nil where there is none, or the null path. SES: ses.md E.5
    package var returnPath: Mailbox?

    init(_ header: HeaderBlock, _ names: [String]) throws(HeaderRefusal) {
        for (field, name) in zip(header.fields, names) {
            switch name {
            case SubmittedFieldRules.configurationSet: configurationSet = field.text
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
