import Foundation
import MailModel

/// Addresses that python-email-validator takes, with what it makes of them, and refuses. What it
/// refuses by policy (reserved names, no dot in a domain) is left out where its test says so.
enum EmailValidatorSuite: OutsideSuite {
    static let name = "addr-pyvalidator"

    static func results(in folder: String) throws -> [SuiteResult] {
        let cases = try SuiteFiles.json("\(folder)/cases.json") as? [[String: Any]] ?? []
        return cases.compactMap { entry in
            guard let test = entry["test"] as? String, let row = entry["row"] as? [Any],
                let address = row.first as? String, !address.contains("\u{FFFD}"),
                let (theirs, ours) = answers(test, address, row)
            else { return nil }
            return SuiteResult(
                case: "\(test) \(Shown.text(address))", step: "taken", theirs: canonical(theirs),
                ours: canonical(ours))
        }
    }

    private static func answers(_ test: String, _ address: String, _ row: [Any]) -> (
        String, String
    )? {
        let verdict = row.count > 1 ? row[1] as? String ?? "" : ""
        switch test {
        case "test_email_valid", "test_email_valid_intl_local_part":
            guard let theirs = row[1] as? [String: Any] else { return nil }
            return (form(theirs), form(mailbox(address)))
        case "test_email_valid_only_if_quoted_local_part":
            return ("taken", plain(address, isUTF8Allowed: true))
        case "test_pyisemail_tests":
            let isFit = ["ISEMAIL_VALID", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"].contains {
                verdict.hasPrefix($0)
            }
            return (isFit ? "taken" : "refused", plain(address, isUTF8Allowed: false))
        case "test_email_invalid_syntax", "test_email_invalid_syntax_strict":
            guard !policies.contains(where: { verdict.contains($0) }) else { return nil }
            return ("refused", plain(address, isUTF8Allowed: true))
        case "test_email_invalid_character_smtputf8_off":
            return ("refused", plain(address, isUTF8Allowed: false))
        case "test_email_unsafe_character":
            return ("refused", plain("\(address)@example.tld", isUTF8Allowed: true))
        default: return nil
        }
    }

    private static func plain(_ address: String, isUTF8Allowed: Bool) -> String {
        AddressSizes.fits(address, isUTF8Allowed: isUTF8Allowed) ? "taken" : "refused"
    }

    /// What it refuses although it is an address.
    private static let policies = [
        "It should have a period", "is not allowed here", "top-level domain",
    ]

    /// They normalize what they take; we keep what was sent.
    private static func canonical(_ text: String) -> String {
        text.precomposedStringWithCanonicalMapping
    }

    /// With a name before it, an address stands in angle brackets.
    private static func mailbox(_ text: String) -> Mailbox? {
        let address = AddressList.mailboxes(Array(text.utf8)).first?.address ?? text
        return try? AddressParser.mailbox(Array(address.utf8)[...], isUTF8Allowed: true)
    }

    private static func form(_ theirs: [String: Any]) -> String {
        let domain = (theirs["ascii_domain"] as? String ?? "").lowercased()
        return Shown.text("\(theirs["local_part"] as? String ?? "")@\(domain)")
    }

    private static func form(_ mailbox: Mailbox?) -> String {
        guard let text = mailbox?.wireText, let at = text.lastIndex(of: "@"), let mailbox else {
            return "refused"
        }
        return Shown.text("\(text[..<at])@\(mailbox.domain.ascii.lowercased())")
    }
}
