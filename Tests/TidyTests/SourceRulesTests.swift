import TestSupport
import Testing

@Suite struct SourceRulesTests {
    // MARK: The rules find what they look for

    struct Planted: CustomTestStringConvertible, Sendable {
        let rule: SourceRules.Rule
        let text: String
        let isBreach: Bool
        var testDescription: String { "\(rule.name): \(text)" }
    }

    private static func planted(
        _ name: String, in rules: [SourceRules.Rule], breaches: [String], others: [String]
    ) -> [Planted] {
        rules.filter { $0.name == name }.flatMap { rule in
            breaches.map { Planted(rule: rule, text: $0, isBreach: true) }
                + others.map { Planted(rule: rule, text: $0, isBreach: false) }
        }
    }

    static let planted: [Planted] = {
        let code = SourceRules.ofCode
        let texts = SourceRules.ofTexts
        return planted(
            "no print", in: code, breaches: ["print(1)", "  x; print(1)", "debugPrint(x)"],
            others: ["// print(1)", "\"print(1)\"", "footprint(1)", "printable(x)", "a.print(1)"])
            + planted(
                "no try!", in: code, breaches: ["let x = try! y()"],
                others: ["try? y()", "// try!", "try !y()"])
            + planted("no as!", in: code, breaches: ["x as! Int"], others: ["x as? Int"])
            + planted(
                "no fatalError", in: code, breaches: ["fatalError()"],
                others: ["preconditionFailure()", "// fatalError()"])
            + planted(
                "no force unwrap", in: code,
                breaches: [
                    "x!.y", "x()!", "x[0]!", "let x: Int!", "\"\\(x!)\"", "{ $0 }!", "\"a\"!",
                    "#\"\\#(x!)\"#",
                ],
                others: [
                    "!x", "x != y", "x!=y", "(!x)", "// x!", "\"x!\"", "#\"x\\(y!)\"#",
                    "\"\"\"\nx!\n\"\"\"", "/* x! /* y! */ z! */", "#if !os(Linux)",
                ])
            + planted(
                "nothing is left to do later", in: texts,
                breaches: ["// TO" + "DO: more", "(FIX" + "ME)", "# X" + "XX"],
                others: ["to do", "TO" + "DOS", "AX" + "XX"])
            + planted(
                "no path of somebody's machine", in: texts,
                breaches: ["cd /ho" + "me/ada/x", "\"/ro" + "ot/x\"", "/Us" + "ers/ada/x"],
                others: [
                    "$folder/ro" + "ot/usr", "a/ho" + "me/b", "~/x", "the ro" + "ot/", "/usr/",
                ])
            + planted(
                "RFC references", in: [SourceRules.rfcReferences],
                breaches: [
                    "RFC5321", "RFC-5321", "rfc 5321", "RFC 05321", "RFC 53210", "RFC  5321",
                    "RFC 5321 section 4", "RFC 5321, Section 4", "RFC 5321 §", "RFC 5321 § 4.1",
                    "RFC 5321 §§4.1", "RFC 5321§4.1", "RFC 5321, §4.1", "§4.1", "RFC 5321 4.1, §5",
                ],
                others: [
                    "RFC 5321", "RFC 5321's rule", "RFC 822", "RFC 5321 §4.1.1.2. And",
                    "RFC 3720 §B.4",
                    "RFC 5321 §4, RFC 3207 §5", "(RFC 5321)",
                    "https://www.rfc-editor.org/rfc/rfc5321",
                    "the RFCs", "ISEMAIL_RFC5321", "an RFC", "RFC 5321 asks for 1,000",
                ])
    }()

    @Test(arguments: planted)
    func findsWhatItLooksFor(_ testCase: Planted) {
        let isCode = SourceRules.ofCode.contains { $0.name == testCase.rule.name }
        let lines = isCode ? TextLines(SwiftText(testCase.text).code) : TextLines(testCase.text)
        #expect(testCase.rule.breaches(lines).isEmpty == !testCase.isBreach)
    }

    @Test func findsTheLine() {
        let text = "a\n// print(1)\nprint(2)\n\"print(3)\"\n  print(4); print(5)"
        let lines = TextLines(SwiftText(text).code)
        #expect(SourceRules.ofCode.map { $0.breaches(lines) } == [[3, 5], [], [], [], []])
    }

    static let beliefs = [
        ("final class A: @unchecked Sendable {}", [1]),
        ("// A reason.\n\nnonisolated(unsafe) var a", [3]),
        ("let a = 1  // not a reason\n\n// @unchecked", []),
        ("/// The lock guards it.\nfinal class A: @unchecked Sendable {}", []),
        ("// Written once.\n    nonisolated(unsafe) var a", []),
        ("\"@unchecked\"", []),
    ]

    @Test(arguments: beliefs)
    func findsBeliefsWithoutReason(_ text: String, lines: [Int]) {
        #expect(SourceRules.beliefsWithoutReason(text) == lines)
    }

    // MARK: The project keeps them

    @Test func thereAreSources() {
        #expect(ProjectTree.swiftSources.count > 100)
    }

    @Test(arguments: SourceRules.ofCode.map(\.name))
    func sourcesKeep(_ name: String) {
        for rule in SourceRules.ofCode where rule.name == name {
            for path in ProjectTree.swiftSources {
                let lines = rule.breaches(TextLines(ProjectTree.swift(path).code))
                #expect(lines == [], "\(path)")
            }
        }
    }

    @Test func whatTheCompilerIsToldToBelieveHasItsReasonAbove() {
        for path in ProjectTree.swiftSources {
            let lines = SourceRules.beliefsWithoutReason(ProjectTree.text(path))
            #expect(lines == [], "\(path)")
        }
    }

    @Test(arguments: SourceRules.ofTexts.map(\.name))
    func textsKeep(_ name: String) {
        for rule in SourceRules.ofTexts where rule.name == name {
            for path in ProjectTree.files {
                let lines = rule.breaches(TextLines(ProjectTree.text(path)))
                #expect(lines == [], "\(path)")
            }
        }
    }

    @Test func commentsReferToRFCsInOneWay() {
        // This file holds what is malformed on purpose.
        for path in ProjectTree.files
        where path.hasSuffix(".swift") && !path.hasSuffix("SourceRulesTests.swift") {
            let comments = TextLines(ProjectTree.swift(path).comments)
            #expect(SourceRules.rfcReferences.breaches(comments) == [], "\(path)")
        }
    }

    @Test func documentsReferToRFCsInOneWay() {
        for path in ProjectTree.files where path.hasSuffix(".md") {
            let lines = TextLines(ProjectTree.text(path))
            #expect(SourceRules.rfcReferences.breaches(lines) == [], "\(path)")
        }
    }
}
