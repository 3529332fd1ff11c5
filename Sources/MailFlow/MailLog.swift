package import MailModel
package import Storage

/// The port to the mail log, as far as actions go: one line for each try's end.
package protocol ActionLog: Sendable {
    func ended(_ record: ActionRecord)
    /// The mail's last action ended.
    func retired(_ mail: MailID)
    /// The journal could not be written; the mail's actions will run again.
    func journalFailed(_ mails: [MailID], _ failure: StorageFailure)
    /// The mail could not be judged as it is to be, and is looked at again later.
    func judged(_ mail: MailID, _ verdicts: VerdictRecord)
    /// `isNews`: false where the mail has waited for the same before.
    func judgementPostponed(_ mail: MailID, _ reason: String, isNews: Bool)
}
