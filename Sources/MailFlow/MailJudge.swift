package import Storage

/// The port through which mails are judged. Both calls return within time limits of their own, and
/// what could not be found out is a verdict, too.
package protocol MailJudge: Sendable {
    /// What a session may refuse `mail` for: whether its author's domain stands for it. The record is
    /// not complete. Nil where the mail could not be read.
    func origin(of mail: MailRecord, _ content: MailContent) async -> VerdictRecord?
    /// Everything that is found out about `mail` and that `mail.verdicts` does not have yet.
    /// `isScanned`: whether lists and scanners are asked, too.
    func judge(_ mail: MailRecord, _ content: MailContent, isScanned: Bool) async -> Judgement
}

package enum Judgement: Sendable {
    case verdicts(VerdictRecord)
    /// Somebody whom the operator wants to be heard cannot be had: nothing is done with the mail
    /// until then. What was found out meanwhile is kept, and the text says why, for people.
    case later(VerdictRecord, because: String)
}
