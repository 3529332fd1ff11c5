import Documents
import MailModel
import RuleEngine
import Testing

@Suite struct AddressListTests {
    private static let text = """
        # partners
        ada@partner.example
          supplier.example\u{20}

        .corp.example
        news-*@letters.example
        grün.example
        """

    @Test func readsEntriesAndComments() throws {
        let entries = try AddressListDocument.read(Self.text, file: "rules/partners.list")
        #expect(
            entries.map(\.text) == [
                "ada@partner.example", "supplier.example", ".corp.example",
                "news-*@letters.example", "xn--grn-ioa.example",
            ])
        #expect(AddressListDocument.name(of: "rules/partners.list") == "partners")
    }

    @Test func namesEveryProblemWithItsLine() {
        do throws(DocumentProblems) {
            _ = try AddressListDocument.read(
                "a@b.example\n\nno address\n# x\n*\n", file: "x y.list")
            Issue.record("it loaded")
        } catch {
            let lines = error.problems.map(\.line)
            #expect(lines == [nil, 3, 5])
            #expect(error.description.contains("x y.list: “x y” is no name"))
        }
    }

    /// The set that names it holds it in each version.
    @Test func isOfBoundedLength() throws {
        let most = String(
            repeating: "a@b.example\n", count: AddressListDocument.entriesMax)
        #expect(try AddressListDocument.read(most, file: "a.list").count == 10_000)
        #expect(throws: DocumentProblems.self) {
            try AddressListDocument.read(most + "c.example", file: "a.list")
        }
    }

    private func ruleSet(_ condition: String, lists: [String: [RecipientCondition]]) throws
        -> ReceiptRuleSet
    {
        var catalogue = RuleCatalogue.unchecked
        catalogue.lists = lists
        return try RuleDocument.read(
            "ruleSet: s\nrules:\n  - {name: r, when: [{\(condition)}], actions: []}\n", file: "f",
            catalogue: catalogue)
    }

    @Test(arguments: [
        ("mailFrom: {in: partners}", "ADA@Partner.example", true),
        ("mailFrom: {in: partners}", "ada+x@partner.example", true),
        ("mailFrom: {in: partners}", "bob@partner.example", false),
        ("mailFrom: {in: partners}", "anybody@supplier.example", true),
        ("mailFrom: {in: partners}", "anybody@sub.supplier.example", false),
        ("mailFrom: {in: partners}", "anybody@a.b.corp.example", true),
        ("mailFrom: {in: partners}", "news-7@letters.example", true),
        ("mailFrom: {in: [others, partners]}", "news-7@letters.example", true),
        ("mailFrom: {in: others}", "news-7@letters.example", false),
        ("not: {mailFrom: {in: partners}}", "bob@partner.example", true),
        ("helo: {in: partners}", "supplier.example", true),
        ("helo: {in: partners}", "x.corp.example", true),
        // That one of its addresses is listed says nothing of a domain.
        ("helo: {in: partners}", "partner.example", false),
    ])
    func asksTheList(_ condition: String, _ who: String, _ isListed: Bool) throws {
        let entries = try AddressListDocument.read(Self.text, file: "partners.list")
        let set = try ruleSet(condition, lists: ["partners": entries, "others": [], "unused": []])
        #expect(Set((set.lists ?? [:]).keys).isSubset(of: ["partners", "others"]))
        #expect(ReceiptRuleSet(canonicalJSON: set.canonicalJSON) == set)
        var facts = MailFacts(
            recipients: [try #require(Mailbox("a@example.com"))], isTLS: false)
        facts.mailFrom = .known(Mailbox(who).map(ReversePath.mailbox) ?? .null)
        facts.helo = .known(who)
        let trace = RuleEvaluator(ruleSet: set).trace(dryRun: facts)
        #expect((trace.first?.answer == .took) == isListed)
    }

    /// Another content of a list is another version of those sets that name it.
    @Test func isPartOfTheVersion() throws {
        func version(_ condition: String, _ entry: String) throws -> String {
            let entries = try AddressListDocument.read(entry, file: "partners.list")
            return RuleEvaluator(
                ruleSet: try ruleSet(condition, lists: ["partners": entries])
            ).version
        }
        let named = "mailFrom: {in: partners}"
        #expect(try version(named, "a.example") != version(named, "b.example"))
        #expect(try version("tls: true", "a.example") == version("tls: true", "b.example"))
    }

    @Test func isMissed() {
        #expect {
            try ruleSet("mailFrom: {in: partner}", lists: ["partners": []])
        } throws: { error in
            "\(error)".contains(
                "no list “partner” stands beside the rules, as partner.list; "
                    + "did you mean “partners”?")
        }
    }
}
