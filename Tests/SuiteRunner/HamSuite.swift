import Feedback
import Foundation
import MailModel

/// Mails of people and of lists, none of which is a bounce.
enum HamSuite: OutsideSuite {
    static let name = "mime-spamassassin-corpus/no-bounces"

    static func results(in folder: String) throws -> [SuiteResult] {
        try SuiteFiles.paths(in: folder, ending: "").filter { $0.contains("ham") }.compactMap {
            file in
            guard let bytes = try? SuiteFiles.bytes("\(folder)/\(file)"), !bytes.isEmpty else {
                return nil
            }
            let kind = MailFeedback.read(MIMEMessage(bytes)).kind
            return SuiteResult(case: file, step: "kind", theirs: "other", ours: kind.rawValue)
        }
    }
}
