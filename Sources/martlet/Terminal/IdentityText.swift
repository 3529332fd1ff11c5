import ControlPlane

/// An identity for people. What is to be published stands as in a zone file, and everything else
/// in a comment of one, so that the whole can be put there.
enum IdentityText {
    static func lines(_ identity: IdentityView) -> [String] {
        var lines = ["; \(identity.name) (\(identity.kind)) \(status(identity))"]
        lines += identity.recordsToPublish
        if let finding = identity.finding, let checked = identity.lastCheckedAt {
            lines.append("; looked at \(checked): \(Terminal.printable(finding))")
            lines += identity.found.map { "; found: \(Terminal.printable($0))" }
            if let next = identity.nextCheckAt { lines.append("; looks again at \(next)") }
        }
        if let dkim = identity.dkim {
            lines += self.lines(dkim)
        } else if identity.status == "SUCCESS", identity.kind == "domain" {
            // Another one's next step is the record above.
            lines.append(
                "; no DKIM of its own: unless a parent domain signs, its mail leaves unsigned; "
                    + "martlet identity dkim start \(identity.name)")
        }
        if let mailFrom = identity.mailFrom { lines += self.lines(mailFrom) }
        if let set = identity.configurationSet {
            lines.append("; mails that name no configuration set are of \(set)")
        }
        return lines
    }

    private static func lines(_ dkim: DKIMView) -> [String] {
        let signing = dkim.isEnabled ? "" : "; signing is switched off"
        var lines = [
            "; DKIM (\(dkim.origin)) is \(dkim.status) since \(dkim.statusSince)\(signing)"
        ]
        for key in dkim.keys {
            let found = key.isFound ? "found" : "not found"
            lines.append(
                "; \(key.algorithm) key of \(key.bits) bits, \(key.state) since "
                    + "\(key.stateSince), \(found)")
            lines += key.recordToPublish.map { [$0] } ?? []
        }
        return lines + look(dkim.finding, dkim.lastCheckedAt, dkim.nextCheckAt)
    }

    private static func lines(_ mailFrom: MailFromView) -> [String] {
        let otherwise =
            mailFrom.behaviorOnFailure == "REJECT_MESSAGE"
            ? "without it no mail is taken" : "without it the server's own is used"
        return [
            "; MAIL FROM \(mailFrom.domain) is \(mailFrom.status) since \(mailFrom.statusSince); "
                + otherwise
        ] + mailFrom.recordsToPublish
            + look(mailFrom.finding, mailFrom.lastCheckedAt, mailFrom.nextCheckAt)
            + mailFrom.found.map { "; found: \(Terminal.printable($0))" }
    }

    private static func look(_ finding: String?, _ checked: String?, _ next: String?) -> [String] {
        guard let finding, let checked else { return [] }
        return ["; looked at \(checked): \(Terminal.printable(finding))"]
            + (next.map { ["; looks again at \($0)"] } ?? [])
    }

    private static func status(_ identity: IdentityView) -> String {
        guard !identity.isTrusted else { return "is verified by your word" }
        let end = identity.statusEndsAt.map { ", until \($0)" } ?? ""
        return "is \(identity.status) since \(identity.statusSince)\(end)"
    }
}
