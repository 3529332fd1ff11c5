package import MailModel

/// Which action of which rule, for one mail; with the mail's id it is the stable id that
/// handlers, notifications and webhooks see, the same on every retry.
package struct ActionKey: Hashable, Sendable {
    /// The rule's name.
    package let rule: String
    /// The action's position in its rule, from 0.
    package let position: Int

    package init(rule: String, position: Int) {
        self.rule = rule
        self.position = position
    }

    /// `<mail>/<rule>/<position>`.
    package func stableID(of mail: MailID) -> String {
        "\(mail.text)/\(rule)/\(position)"
    }
}
