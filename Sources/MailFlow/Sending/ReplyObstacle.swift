import MailModel
import Storage

/// Why nobody answers a mail by itself. RFC 3834 §2, RFC 5230 §4.6
struct ReplyObstacle {
    let reason: String

    /// Nil where somebody may. `section`: the mail's own header section; `addresses`: whom it came to
    /// and who would answer.
    init?(
        _ sender: Mailbox, _ section: HeaderBlock, _ verdicts: VerdictRecord?,
        addresses: [Mailbox], isOnlyWhereNamed: Bool
    ) {
        let found =
            Self.nature(of: sender) ?? Self.nature(of: section) ?? Self.nature(of: verdicts)
        if let found {
            reason = found
        } else if addresses.contains(sender) {
            reason = "it would be answered to itself"
        } else if isOnlyWhereNamed, !Self.names(addresses, section) {
            reason = "it names no recipient of the rule in To or Cc"
        } else {
            return nil
        }
    }

    private static let machines: Set = [
        "mailer-daemon", "postmaster", "listserv", "majordomo", "noreply", "no-reply",
        "donotreply", "do-not-reply", "bounce", "bounces",
    ]

    private static func nature(of sender: Mailbox) -> String? {
        let name = sender.foldedLocalPart
        let isMachine =
            machines.contains(name) || name.hasPrefix("owner-") || name.hasSuffix("-owner")
            || name.hasSuffix("-request") || name.hasPrefix("bounce-")
            || name.hasPrefix("bounces-") || name.hasPrefix("bounces+")
            || name.hasSuffix("-bounces")
        return isMachine ? "\(sender.wireText) is no person's address" : nil
    }

    private static let bulk: Set = ["bulk", "junk", "list", "auto_reply"]

    private static func nature(of section: HeaderBlock) -> String? {
        for field in section.fields {
            let name = field.name.lowercased()
            if name.hasPrefix("list-") { return "it came from a list" }
            switch name {
            case "auto-submitted" where word(field) != "no":
                return "nobody wrote it: Auto-Submitted"
            // Of Exchange; what it may say is no wish for an answer.
            case "x-auto-response-suppress" where word(field) != "none":
                return "it wants no answer: X-Auto-Response-Suppress"
            case "precedence" where bulk.contains(word(field)):
                return "it is bulk: Precedence"
            case "content-type" where word(field) == "multipart/report":
                return "it is a report"
            default: break
            }
        }
        return nil
    }

    private static func nature(of verdicts: VerdictRecord?) -> String? {
        if verdicts?.virus.status == .fail { return "it holds a virus" }
        return verdicts?.spam.status == .fail ? "it is spam" : nil
    }

    /// The first of a field, without what stands behind it as a parameter or a comment.
    private static func word(_ field: HeaderBlock.Field) -> String {
        let word = field.text.split { $0 == ";" || $0 == "(" || $0 == "," || $0.isWhitespace }.first
        return word?.lowercased() ?? ""
    }

    private static func names(_ addresses: [Mailbox], _ section: HeaderBlock) -> Bool {
        ["To", "Cc", "Resent-To", "Resent-Cc"].contains { name in
            section.all(name).contains { field in
                AddressList.addresses(field.body).contains { address in
                    Mailbox(address).map(addresses.contains) ?? false
                }
            }
        }
    }
}
