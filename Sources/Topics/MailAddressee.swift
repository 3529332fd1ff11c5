package import MailModel

/// A subscriber by mail. SNS: the protocols `email` and `email-json`.
package struct MailAddressee: Sendable, Hashable {
    package enum Form: String, Sendable, Codable, CaseIterable {
        /// The message, for people.
        case text = "email"
        /// The message as a web endpoint gets it, for programs.
        case json = "email-json"
    }

    package var address: Mailbox
    package var form: Form

    package init(address: Mailbox, form: Form) {
        self.address = address
        self.form = form
    }

    /// What a subscription has in the place of a URL: `email:ada@example.com`.
    init?(url: String) {
        let parts = url.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let form = Form(rawValue: String(parts[0])),
            let address = Mailbox(String(parts[1]))
        else { return nil }
        self.init(address: address, form: form)
    }

    package var url: String { "\(form.rawValue):\(name)" }

    /// What the subscriber is called within its topic; no name of the configuration has an `@`.
    var name: String { address.wireText }
}
