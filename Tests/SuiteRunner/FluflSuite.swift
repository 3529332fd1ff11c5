import Feedback
import Foundation
import MailModel

/// Bounces that flufl.bounce's tests hold, and the recipients that it takes for failed for now and
/// for good.
enum FluflSuite: OutsideSuite {
    static let name = "bounce-flufl"

    static func results(in folder: String) throws -> [SuiteResult] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json"))
        let cases = try JSONDecoder().decode([String: Expected].self, from: data)
        return try cases.sorted(by: { $0.key < $1.key }).flatMap { file, expected in
            let bytes = try SuiteFiles.bytes("\(folder)/eml/\(file)")
            let feedback = MailFeedback.read(MIMEMessage(bytes))
            return compared(file, expected, feedback)
        }
    }

    private struct Expected: Decodable {
        var temporary: [String]
        var permanent: [String]
    }

    private static func compared(
        _ file: String, _ expected: Expected, _ feedback: MailFeedback
    ) -> [SuiteResult] {
        let recipients: [RecipientReport] =
            if case .delivery(let report) = feedback { report.recipients } else { [] }
        let theirs = Set(expected.temporary + expected.permanent)
        let temporary = recipients.filter { $0.action == .delayed }.flatMap { names($0, theirs) }
        let permanent = recipients.filter { $0.action == .failed }.flatMap { names($0, theirs) }
        let isBounce = !(expected.temporary + expected.permanent).isEmpty
        return [
            SuiteResult(
                case: file, step: "recipients",
                theirs: list(expected.temporary + expected.permanent),
                ours: list(temporary + permanent)),
            SuiteResult(
                case: file, step: "hardness",
                theirs: isBounce ? list(expected.permanent) : "",
                ours: isBounce ? list(permanent) : ""),
        ]
    }

    /// The final address, the original one or both: whichever flufl.bounce tells.
    private static func names(_ recipient: RecipientReport, _ theirs: Set<String>) -> [String] {
        let both = [recipient.finalAddress, recipient.originalAddress].compactMap { $0 }
        let told = both.filter { name in theirs.contains { $0.lowercased() == name.lowercased() } }
        return told.isEmpty ? [recipient.address] : told
    }

    private static func list(_ addresses: [String]) -> String {
        let names = Set(addresses.map { $0.lowercased() }).filter { !$0.isEmpty }
        return names.isEmpty ? "none" : names.sorted().joined(separator: " ")
    }
}
