import MailModel
import RuleEngine
import Storage

/// Rows that the tests of mails make.
protocol MailRows {}

extension MailRows {
    /// Of a `store` that was tried once.
    func action(
        _ mail: MailID, _ state: ActionRecord.State, at time: Timestamp, next: Timestamp? = nil,
        rule: String = "r", position: Int = 0, asked: Int? = nil, recipient: Mailbox? = nil
    ) -> ActionRecord {
        ActionRecord(
            mail: mail,
            key: ActionKey(rule: rule, position: position, asked: asked, recipient: recipient),
            kind: "store", state: state, attempts: 1, firstAttemptAt: time, lastAttemptAt: time,
            nextAttemptAt: next, disposition: .continueOn, detail: "mail/x")
    }
}
