package import Accounts
package import MailModel

/// Addresses whose mail is taken whatever the rules: postmaster of a domain of ours
/// (RFC 5321 §4.5.1), and where mails come from that we send, whoever has to complain of them
/// (RFC 2142 §4).
package struct DutyAddresses: Sendable {
    private let hostname: String
    private let identities: IdentityDirectory
    private let returnPaths: ReturnPaths?

    /// `returnPaths`: nil where nothing is sent.
    package init(hostname: String, identities: IdentityDirectory, returnPaths: ReturnPaths?) {
        self.hostname = hostname
        self.identities = identities
        self.returnPaths = returnPaths
    }

    package func contains(_ mailbox: Mailbox) -> Bool {
        let isSending = returnPaths?.takes(mailbox.domain) == true
        switch mailbox.foldedLocalPart {
        case "postmaster":
            return isSending || mailbox.domain.ascii == hostname
                || identities.covers(mailbox.domain)
        case "abuse": return isSending
        default: return false
        }
    }

    /// Whether it is one where every domain is ours and sends: what can be said without a server.
    package static func mayContain(_ mailbox: Mailbox) -> Bool {
        ["postmaster", "abuse"].contains(mailbox.foldedLocalPart)
    }
}
