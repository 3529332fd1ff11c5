import Foundation

/// `SuiteRunner NAME FOLDER` prints the results of one suite as JSON lines; `SuiteRunner` alone
/// prints the names of all.
@main
enum SuiteRunner {
    static let suites: [any OutsideSuite.Type] = [
        MailDKIMSuite.self, MailDKIMHistorySuite.self, DKIMPyVectorsSuite.self,
        DKIMCanonSuite.self, ARCValidationSuite.self, ARCSigningSuite.self,
        SPFSuite.self, SPFHistorySuite.self, PySPFSuite.self, PublicSuffixSuite.self,
        DMARCSuite.self, AuthMilterSuite.self,
        MailParserSuite.self, LettersSuite.self, MIMEToolsSuite.self, LibmimeSuite.self,
        TNEFSuite.self, IsEmailSuite.self, EmailValidatorSuite.self, MimeKitEncodersSuite.self,
        SoundCPythonMails.self,
        SoundMailGemMails.self, SoundPHPIMAPMails.self, SoundMimeKitMails.self,
        SoundSpamAssassinMails.self, SoundStalwartMails.self, SoundMIMEToolsMails.self,
        SoundLettersMails.self,
        SisimaiSuite.self, FluflSuite.self, HamSuite.self, ARFSuite.self, ReportsSuite.self,
        SESEventsSuite.self,
    ]

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 2, let name = arguments.first, let folder = arguments.last else {
            for suite in suites { print(suite.name) }
            return
        }
        guard let suite = suites.first(where: { $0.name == name }) else {
            FileHandle.standardError.write(Data("no suite is called \(name)\n".utf8))
            exit(64)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for result in try await suite.results(in: folder) {
            print(String(decoding: try encoder.encode(result), as: UTF8.self))
        }
    }
}
