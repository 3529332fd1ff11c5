import Crypto
import MailModel
import RuleEngine
import Storage

/// What recipients have in common whose rules are asked apart, so that what is the same for several is
/// there once. docs/decisions/0054-once-for-each-recipient.md
extension ActionTask {
    /// The last part of the key that the mail is stored under: its id. Where the rules were asked for one
    /// recipient and have changed header lines for them, what was changed follows: objects of several
    /// recipients have one name where they have the same bytes, and no other has it.
    var objectName: String {
        let id = mail.messageID.text
        let isPlain = addedHeaders.isEmpty && removedHeaders.isEmpty
        guard key.recipient != nil, !isPlain else { return id }
        return "\(id)-\(Self.digest(headerChanges))"
    }

    /// What the names of its attachments' objects begin with: the mail's id. Where rules have changed
    /// fields that say what the mail's parts are, what was changed follows: its attachments are others.
    var attachmentsName: String {
        let id = mail.messageID.text
        let added = addedHeaders.filter { $0.lowercased().hasPrefix(Self.contentFields) }
        let removed = removedHeaders.filter { $0.hasPrefix(Self.contentFields) }
        guard !added.isEmpty || !removed.isEmpty else { return id }
        return "\(id)-\(Self.digest(added + [""] + removed.sorted()))"
    }

    /// RFC 2045 §9: the names of fields that describe a body.
    private static let contentFields = "content-"

    /// As `runID`, and one for all recipients for whom it does the same, which `parts` say, with the
    /// same header lines. No part has a line end.
    func runID(sharedBy parts: [String]) -> String {
        guard key.recipient != nil else { return runID }
        let shared = ActionKey(rule: key.rule, position: key.position, asked: key.asked)
        let id = shared.stableID(of: mail.id, to: mail.envelope.recipients)
        return "\(id)@\(Self.digest(parts + [""] + headerChanges))"
    }

    private var headerChanges: [String] { addedHeaders + [""] + removedHeaders.sorted() }

    /// 32 hexadecimal digits: recipients are the sender's to choose, and should not be found that have
    /// one without being the same.
    private static func digest(_ lines: [String]) -> String {
        let digest = SHA256.hash(data: Array(lines.joined(separator: "\n").utf8))
        return Hexadecimal.text(digest.prefix(16))
    }
}
