package import MailModel

/// Which action of which rule, for one mail; with the mail's id it is the stable id that
/// handlers, notifications and webhooks see, the same on every retry.
package struct ActionKey: Hashable, Sendable {
    /// The rule's name.
    package let rule: String
    /// The action's position in its rule, from 0.
    package let position: Int
    /// Of an action that the answer of the handler at `position` asked for: its number in that answer,
    /// from 1.
    package let asked: Int?
    /// Whom alone it is done for, where the rules are asked once for each recipient; else nil.
    package let recipient: Mailbox?

    package init(rule: String, position: Int, asked: Int? = nil, recipient: Mailbox? = nil) {
        self.rule = rule
        self.position = position
        self.asked = asked
        self.recipient = recipient
    }

    /// Where it stands in its rule: `2`, or `2+1` for the first action that a handler there asked for.
    package var place: String { asked.map { "\(position)+\($0)" } ?? "\(position)" }

    /// `<mail>/<rule>/<position>`, then `+<asked>`, then `@<place of the recipient among the mail's>`,
    /// from 0: neither mark stands in a rule's name, so no two keys of a mail have one id, also where
    /// every `/` becomes a `-`. `recipients`: the envelope's.
    package func stableID(of mail: MailID, to recipients: [Mailbox]) -> String {
        var id = "\(mail.text)/\(rule)/\(place)"
        if let recipient {
            guard let place = recipients.firstIndex(of: recipient) else {
                preconditionFailure("rules are asked for recipients of the mail alone")
            }
            id += "@\(place)"
        }
        return id
    }
}
