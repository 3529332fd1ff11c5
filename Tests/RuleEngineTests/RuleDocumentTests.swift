import Documents
import Foundation
import MailModel
import RuleEngine
import TestSupport
import Testing

@Suite struct RuleDocumentTests {
    static let shipped =
        (try? FileManager.default.subpathsOfDirectory(
            atPath: "\(ProjectFiles.root)/rules"))?.filter { $0.hasSuffix(".yaml") }.sorted() ?? []

    private func read(_ path: String) throws -> ReceiptRuleSet {
        try RuleDocument.read(
            try ProjectFiles.text(path), file: URL(fileURLWithPath: path).lastPathComponent,
            catalogue: .unchecked)
    }

    /// What one of `shipped` may refer to: anything, and the lists beside it.
    static func catalogue(of file: String) throws -> RuleCatalogue {
        let folder = URL(fileURLWithPath: "\(ProjectFiles.root)/rules/\(file)")
            .deletingLastPathComponent().path
        var lists = AddressLists()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasSuffix(".list") {
            lists.read(try ProjectFiles.text("\(folder)/\(name)"), file: name)
        }
        var catalogue = RuleCatalogue.unchecked
        catalogue.lists = lists.entries
        return catalogue
    }

    @Test func thereAreRuleFiles() {
        #expect(Self.shipped.count >= 2)
    }

    @Test(arguments: shipped)
    func loadsWhatIsShippedAndWritesItBack(_ file: String) throws {
        let catalogue = try Self.catalogue(of: file)
        let ruleSet = try RuleDocument.read(
            try ProjectFiles.text("\(ProjectFiles.root)/rules/\(file)"), file: file,
            catalogue: catalogue)
        let again = try RuleDocument.read(
            RuleDocument.text(of: ruleSet), file: "again", catalogue: catalogue)
        #expect(again == ruleSet)
        guard SESRuleDocument.excess(of: ruleSet).isEmpty else { return }
        let json = SESRuleDocument.text(of: ruleSet, createdAt: "2026-01-01T00:00:00.000Z")
        #expect(
            try SESRuleDocument.read(json, file: "json", catalogue: .unchecked) == ruleSet)
    }

    /// Names that YAML would take for something else.
    @Test(arguments: ["null", "true", "123", "1e5", "0x1F", "main"])
    func writesAnyName(_ name: String) throws {
        let ruleSet = ReceiptRuleSet(
            name: name,
            rules: [
                ReceiptRule(
                    name: name, isEnabled: true, tlsPolicy: .optional, recipients: [],
                    actions: [.store(bucket: name, prefix: name, topic: name, onFailure: .hold)],
                    isScanEnabled: false)
            ])
        let text = RuleDocument.text(of: ruleSet)
        #expect(try RuleDocument.read(text, file: "again", catalogue: .unchecked) == ruleSet)
    }

    static let bad = (try? ProjectFiles.fixtures(in: "rules", ending: ".yaml")) ?? []

    private static let catalogue = {
        var catalogue = RuleCatalogue(
            buckets: ["mail", "archive"], handlers: ["ticket"], topics: ["received"])
        catalogue.maildirs = ["home"]
        catalogue.webhooks = ["tickets"]
        catalogue.relays = ["mailboxes", "corp.example"]
        return catalogue
    }()

    /// Each bad file stands beside the problems that it has, all of them.
    private func expectProblems(
        of file: String, _ read: (String) throws(DocumentProblems) -> ReceiptRuleSet
    ) throws {
        let path = ProjectFiles.fixture("rules/\(file)")
        let stem = path.prefix(upTo: path.lastIndex(of: ".") ?? path.endIndex)
        do throws(DocumentProblems) {
            _ = try read((try? ProjectFiles.text(path)) ?? "")
            Issue.record("\(file) loaded")
        } catch {
            let found = error.description + "\n"
            #expect(try Golden.text("\(stem).problems", updatedTo: found) == found)
        }
    }

    @Test(arguments: bad)
    func namesEveryProblem(_ file: String) throws {
        try expectProblems(of: file) { text throws(DocumentProblems) in
            try RuleDocument.read(text, file: file, catalogue: Self.catalogue)
        }
    }

    @Test(arguments: ["bad-import.json"])
    func namesEveryProblemOfAnImport(_ file: String) throws {
        try expectProblems(of: file) { text throws(DocumentProblems) in
            try SESRuleDocument.read(text, file: file, catalogue: Self.catalogue)
        }
    }

    @Test func readsSESsOwnJSON() throws {
        let text = try ProjectFiles.text(
            ProjectFiles.fixture("rules/describe-receipt-rule-set.json"))
        let ruleSet = try SESRuleDocument.read(text, file: "x.json", catalogue: .unchecked)
        #expect(ruleSet.name == "default-rule-set")
        #expect(ruleSet.rules.map(\.isEnabled) == [true, false])
        #expect(
            ruleSet.rules[0].actions == [
                .addHeader(name: "X-Seen", value: "yes"),
                .store(bucket: "my-bucket", prefix: "in/", topic: "stored", onFailure: .hold),
                .invoke(handler: "sorter", type: .event, topic: nil, onFailure: .hold),
                .notify(topic: "received", encoding: .base64),
                .bounce(
                    ReceiptBounce(
                        replyCode: 550, status: EnhancedStatus(class: 5, subject: 1, detail: 1),
                        message: "Mailbox does not exist", sender: "MAILER-DAEMON@example.com",
                        topic: "received")), .stop(topic: nil),
            ])
        #expect(ruleSet.rules[0].tlsPolicy == .require)
        #expect(ruleSet.rules[1].recipients.isEmpty)
        let again = SESRuleDocument.text(of: ruleSet, createdAt: "2026-01-01T00:00:00.000Z")
        #expect(
            try SESRuleDocument.read(again, file: "again", catalogue: .unchecked) == ruleSet)
    }

    private static let mailboxes: [(String, ReceiptAction?)] = [
        ("deliver=home", .deliver(maildir: "home")),
        ("relay=corp.example", .relay(to: "corp.example")), ("deliver", nil), ("deliver=", nil),
        ("home", nil), ("store=mail", nil), ("deliver=a b", nil),
    ]

    /// SES's mailboxes are where whoever imports says.
    @Test(arguments: mailboxes)
    func readsWhereWorkMailsMailboxesAre(_ text: String, _ place: ReceiptAction?) throws {
        #expect(SESRuleDocument.workMail(text) == place)
        guard let place else { return }
        var catalogue = RuleCatalogue.unchecked
        catalogue.workMail = place
        let arn = "arn:aws:workmail:us-east-1:1:organization/m-1"
        let json = """
            {"Metadata": {"Name": "a"}, "Rules": [{"Name": "b", "Enabled": true, "Actions": [
              {"WorkmailAction": {"OrganizationArn": "\(arn)"}}]}]}
            """
        let ruleSet = try SESRuleDocument.read(json, file: "x.json", catalogue: catalogue)
        #expect(ruleSet.rules.flatMap(\.actions) == [place])
        let told = json.replacing("m-1\"", with: "m-1\", \"TopicArn\": \"arn:aws:sns:x:1:t\"")
        do throws(DocumentProblems) {
            _ = try SESRuleDocument.read(told, file: "x.json", catalogue: catalogue)
            Issue.record("it loaded")
        } catch {
            #expect(error.problems.map(\.path) == ["Rules[0].Actions[0].WorkmailAction.TopicArn"])
        }
    }
}
