import Foundation
import MailModel

/// One mail in each language's charsets and transfer encodings: subject, addresses and texts.
enum LettersSuite: OutsideSuite {
    static let name = "mime-charsets-letters"

    static func results(in folder: String) throws -> [SuiteResult] {
        let expected = try SuiteFiles.json("\(folder)/expected.json") as? [String: [String: Any]]
        var results: [SuiteResult] = []
        for (file, fields) in (expected ?? [:]).sorted(by: { $0.key < $1.key }) {
            let mail = MIMEMessage(try SuiteFiles.bytes("\(folder)/\(file)"))
            for (field, theirs) in fields.sorted(by: { $0.key < $1.key }) {
                guard let ours = answer(field, mail) else { continue }
                results.append(
                    SuiteResult(
                        case: "\(file) \(field)", step: "read", theirs: Shown.text(shown(theirs)),
                        ours: Shown.text(ours)))
            }
        }
        return results
    }

    private static func answer(_ field: String, _ mail: MIMEMessage) -> String? {
        switch field {
        case "subject": mail.header.first("Subject")?.decodedText ?? ""
        case "from", "to", "cc", "bcc": addresses(mail, field)
        case "replyto": addresses(mail, "Reply-To")
        case "message_id":
            (mail.header.first("Message-ID")?.text ?? "").trimmingCharacters(in: ["<", ">"])
        case "text": text(mail, "text/plain")
        case "enrichedtext": text(mail, "text/enriched")
        case "html": text(mail, "text/html")
        default: nil
        }
    }

    private static func addresses(_ mail: MIMEMessage, _ name: String) -> String {
        mail.header.all(name).flatMap { AddressList.mailboxes($0.body) }
            .map { "\($0.name ?? "") <\($0.address)>" }.joined(separator: ", ")
    }

    private static func text(_ mail: MIMEMessage, _ type: String) -> String {
        let parts = mail.parts.filter {
            $0.contentType.essence == type && $0.disposition?.type != "attachment"
        }
        return collapsed(parts.map { $0.text() }.joined(separator: "\n"))
    }

    private static func shown(_ theirs: Any) -> String {
        switch theirs {
        case let text as String: collapsed(text)
        case let list as [[String]]:
            list.map { "\($0.first ?? "") <\($0.last ?? "")>" }.joined(separator: ", ")
        default: "\(theirs)"
        }
    }

    private static func collapsed(_ text: String) -> String {
        text.split { $0.isWhitespace }.joined(separator: " ")
    }
}
