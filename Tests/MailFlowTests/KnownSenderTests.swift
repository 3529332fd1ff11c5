import MailModel
import Storage
import Testing

// `@testable`: who is known to have sent a mail is asked inside alone.
@testable import MailFlow

/// Whom reports and answers may go to.
@Suite struct KnownSenderTests {
    /// Of a mail with the path `ada@sender.example`.
    @Test(arguments: [
        ("From: eve@other.example", true, [], true),
        ("From: Ada <Ada@Sender.example>", false, ["sender.example"], true),
        ("From: ada@sender.example", false, ["other.example"], false),
        ("From: ada@sender.example", false, [], false),
        // Somebody of the same domain signed it, and anybody sends it once more by another path.
        ("From: eve@sender.example", false, ["sender.example"], false),
        ("From: ada@sender.example, eve@sender.example", false, ["sender.example"], false),
        ("From: ada@sender.example\r\nFrom: eve@sender.example", false, ["sender.example"], false),
        ("Subject: x", false, ["sender.example"], false),
    ])
    func isProven(_ header: String, bySPF: Bool, signers: [String], isKnown: Bool) throws {
        var verdicts = VerdictRecord()
        verdicts.spf = VerdictRecord.Finding(bySPF ? .pass : .fail)
        verdicts.dkimDomains = signers
        let section = HeaderBlock(Array("\(header)\r\n\r\n".utf8)[...])
        let sender = ReversePath.mailbox(try #require(Mailbox("ada@sender.example")))
        #expect(verdicts.provesSender(sender, author: section.author) == isKnown)
        #expect(!verdicts.provesSender(.null, author: section.author))
    }
}
