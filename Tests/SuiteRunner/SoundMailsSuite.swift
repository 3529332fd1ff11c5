import Foundation
import MailModel
import TestSupport

/// Mails of all kinds without known answers: each is read, as it lies there and with CRLF, in two
/// seconds at most, and what must hold of every mail holds.
protocol SoundMailsSuite: OutsideSuite {}

extension SoundMailsSuite {
    static func results(in folder: String) throws -> [SuiteResult] {
        let notMails = ["MANIFEST", "SHA256SUMS", ".jsonl", ".json", ".md", ".sha256"]
        return try SuiteFiles.paths(in: folder, ending: "")
            .filter { path in !notMails.contains { path.hasSuffix($0) } }
            .map { path in
                let bytes = try SuiteFiles.bytes("\(folder)/\(path)")
                let ours = answer(bytes) ?? answer(SuiteFiles.withCRLF(bytes)) ?? "sound"
                return SuiteResult(case: path, step: "read", theirs: "sound", ours: ours)
            }
    }

    private static func answer(_ bytes: [UInt8]) -> String? {
        let start = ContinuousClock.now
        let mail = MIMEMessage(bytes)
        let breach = MailInvariants.breach(mail)
        let attachments = MIMEAttachments(of: mail)
        // RTF in TNEF is compressed.
        if attachments.list.contains(where: { $0.size > 8 * bytes.count }) {
            return "a huge attachment"
        }
        let took = ContinuousClock.now - start
        return breach ?? (took > .seconds(2) ? "took \(took)" : nil)
    }
}

enum SoundCPythonMails: SoundMailsSuite { static let name = "mime-cpython" }
enum SoundMailGemMails: SoundMailsSuite { static let name = "mime-mailgem" }
enum SoundPHPIMAPMails: SoundMailsSuite { static let name = "mime-phpimap" }
enum SoundMimeKitMails: SoundMailsSuite { static let name = "mime-mimekit/mails" }
enum SoundSpamAssassinMails: SoundMailsSuite { static let name = "mime-spamassassin-corpus" }
enum SoundStalwartMails: SoundMailsSuite { static let name = "mime-stalwart/sound" }
enum SoundMIMEToolsMails: SoundMailsSuite { static let name = "mime-mimetools/sound" }
enum SoundLettersMails: SoundMailsSuite { static let name = "mime-charsets-letters/sound" }
