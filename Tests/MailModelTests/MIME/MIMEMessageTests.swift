import MailModel
import TestSupport
import Testing

@Suite struct MIMEMessageTests {
    private static func mail(_ text: String, limits: MIMELimits = .standard) -> MIMEMessage {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return MIMEMessage(Array(lines.joined(separator: "\r\n").utf8), limits: limits)
    }

    /// `type(children)`
    private static func shape(_ part: MIMEPart) -> String {
        let inner = part.children.map(shape).joined(separator: ",")
        return inner.isEmpty ? part.contentType.essence : "\(part.contentType.essence)(\(inner))"
    }

    struct Tree: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var mail: String
        var shape: String
        var defects: [MIMEDefect.Fact] = []
    }

    static let trees = [
        Tree(
            testDescription: "text without a header", mail: "a text", shape: "text/plain",
            defects: [.headerUnended]),
        Tree(testDescription: "nothing", mail: "", shape: "text/plain"),
        Tree(
            testDescription: "two parts, one without a header",
            mail: "Content-Type: multipart/mixed; boundary=\"a b\"\n\npre\n--a b\n\n1\n--a b\t\n"
                + "Content-Type: text/html\n\n2\n--a b--\nepilogue",
            shape: "multipart/mixed(text/plain,text/html)"),
        Tree(
            testDescription: "a digest's parts are messages",
            mail: "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\ny\n--d--",
            shape: "multipart/digest(message/rfc822(text/plain))"),
        Tree(
            testDescription: "an outer delimiter ends what is inside",
            mail: "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
                + "Content-Type: multipart/mixed; boundary=i\n\n--i\n\n1\n--o\n\n2\n--o--",
            shape: "multipart/mixed(multipart/mixed(text/plain),text/plain)",
            defects: [.closingDelimiterMissing]),
        Tree(
            testDescription: "boundaries that begin alike",
            mail: "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n"
                + "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a--\n--ab--",
            shape: "multipart/mixed(multipart/mixed(text/plain))"),
        Tree(
            testDescription: "a delimiter that more follows",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a;\n\n1\n--a-- \t",
            shape: "multipart/mixed(text/plain)"),
        Tree(
            testDescription: "what more follows closes nothing",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a--x\n\n2\n--a-\n"
                + "Content-Type: text/html\n\n3\n--a--",
            shape: "multipart/mixed(text/plain,text/plain,text/html)"),
        Tree(
            testDescription: "a mail that was cut within its last delimiter",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a-",
            shape: "multipart/mixed(text/plain)"),
        Tree(
            testDescription: "delimiters in an epilogue",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a--\n--a\n"
                + "Content-Type: text/html\n\n2\n--a--",
            shape: "multipart/mixed(text/plain)", defects: [.delimiterInEpilogue]),
        Tree(
            testDescription: "delimiters in the epilogue of an inner multipart",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
                + "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\n1\n--ab--\n--ab\n\n2\n"
                + "--ab--\n--a\n\n3\n--a--",
            shape: "multipart/mixed(multipart/mixed(text/plain),text/plain)",
            defects: [.delimiterInEpilogue]),
        Tree(
            testDescription: "one boundary for two multiparts",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
                + "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a--\n--a\n\n2\n--a--",
            shape: "multipart/mixed(multipart/mixed(text/plain),text/plain)"),
        Tree(
            testDescription: "a header block that a delimiter ends",
            mail: "Content-Type: multipart/mixed; boundary=a\n--a\nContent-Type: text/html\n--a--",
            shape: "multipart/mixed(text/html)", defects: [.headerUnended, .headerUnended]),
        Tree(
            testDescription: "the first of two types",
            mail: "Content-Type: text/html\nContent-Type: text/plain\n\nx", shape: "text/html",
            defects: [.fieldRepeated]),
        Tree(
            testDescription: "no boundary", mail: "Content-Type: multipart/mixed\n\n--\n\n--",
            shape: "multipart/mixed", defects: [.boundaryMissing]),
        Tree(
            testDescription: "a boundary that does not come",
            mail: "Content-Type: multipart/mixed; boundary=a\n\n--b\n", shape: "multipart/mixed",
            defects: [.delimiterMissing]),
        Tree(
            testDescription: "a boundary in sections",
            mail: "Content-Type: multipart/mixed; boundary*1=b; boundary*0=a\n\n--ab\n\n\n--ab--",
            shape: "multipart/mixed(text/plain)"),
        Tree(
            testDescription: "no subtype", mail: "Content-Type: text; name=x\n\n",
            shape: "text/plain", defects: [.contentTypeInvalid]),
        Tree(
            testDescription: "an unknown encoding", mail: "Content-Transfer-Encoding: x-none\n\n",
            shape: "text/plain", defects: [.transferEncodingUnknown]),
        Tree(
            testDescription: "a message in base64",
            mail: "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTpiDQoNCg==",
            shape: "message/rfc822", defects: [.messageEncoded]),
    ]

    @Test(arguments: trees)
    func readsTheTree(_ tree: Tree) {
        let mail = Self.mail(tree.mail)
        #expect(Self.shape(mail.root) == tree.shape)
        #expect(mail.defects.map(\.fact) == tree.defects)
        #expect(MailInvariants.breach(mail) == nil)
    }

    @Test func everyByteHasItsPlace() throws {
        let mail = Self.mail(
            "A: b\nContent-Type: multipart/mixed; boundary=x\n\npre\n--x\n\nbody\n\n--x--\nepi\n")
        func text(_ range: Range<Int>?) -> String {
            range.map { String(decoding: mail.bytes[$0], as: UTF8.self) } ?? "none"
        }
        #expect(text(mail.root.preamble) == "pre")
        #expect(text(mail.root.epilogue) == "epi\r\n")
        let part = try #require(mail.root.children.first)
        #expect(text(part.headerRange) == "\r\n")
        #expect(text(part.bodyRange) == "body\r\n")
        #expect(mail.header.fields.map(\.name) == ["A", "Content-Type"])
        #expect(mail.header.bytes.elementsEqual(mail.bytes[mail.root.headerRange]))
    }

    @Test func textBehindFieldsIsBody() {
        let mail = Self.mail("A: b\nno field here\n\nmore")
        #expect(mail.root.text() == "no field here\r\n\r\nmore")
        #expect(mail.header.fields.map(\.name) == ["A"])
        // Fields behind it are not hidden by it.
        #expect(Self.mail("A: b\nno field\nC: d\n\nx").header.fields.map(\.name) == ["A", "C"])
    }

    @Test func sectionsAreNumbered() {
        let mail = Self.mail(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n1\n--x\n"
                + "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=y\n\n"
                + "--y\n\na\n--y\n\nb\n--y--\n--x\nContent-Type: message/rfc822\n\n\nc\n--x--")
        #expect(mail.sections == ["", "1", "2", "2", "2.1", "2.2", "3", "3.1"])
        #expect(Self.mail("\nx").sections == ["1"])
    }

    @Test(
        arguments: [
            ("Content-Type: text/plain; charset=koi8-r\n\n", [0xF0, 0xD2], "Пр"),
            ("\n", [0xE9], "é"), ("\n", [0xC3, 0xA9], "é"),
            ("Content-Type: text/plain; charset=utf-8\n\n", [0xE9], "\u{FFFD}"),
            ("Content-Type: text/plain; charset=iso-8859-1\n\n", [0x93], "“"),
            ("Content-Type: text/plain; charset=nobody-knows\n\n", [0xE9], "é"),
            ("Content-Type: text/plain; charset=gbk\n\n", [0xC4, 0xE3, 0xFF, 0x61], "你\u{FFFD}a"),
        ] as [(String, [UInt8], String)])
    func decodesText(_ header: String, _ body: [UInt8], _ text: String) {
        #expect(MIMEMessage(Array(header.utf8) + body).root.text() == text)
    }

    @Test(arguments: [
        ("This is no base64.\nGr\u{FC}\u{DF}e!\n", "This is no base64.\nGr\u{FC}\u{DF}e!\n"),
        ("SGVsbG8h\nSGVsbG8h\n", "Hello!Hello!"), ("\u{7F}SGVsbG8h\n> SGVsbG8h", "Hello!Hello!"),
        ("gICA\ngICA\n-- \nlist", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ])
    func textThatOnlySaysToBeBase64IsShown(_ body: String, _ text: String) {
        let header =
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        #expect(MIMEMessage(Array((header + body).utf8)).root.text().hasPrefix(text))
    }

    @Test func charsetOfAMultipartIsThatOfItsParts() {
        let mail = MIMEMessage(
            Array("Content-Type: multipart/mixed; charset=koi8-r; boundary=a\n\n--a\n\n".utf8)
                + [0xF0, 0xD2])
        #expect(mail.root.children.first?.text() == "Пр")
    }

    // MARK: Limits

    private static func nested(_ depth: Int) -> String {
        (0..<depth).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }.joined()
            + "\nx"
    }

    @Test("P6: containers within one another are opened up to the limit")
    func depthIsLimited() {
        let most = Self.mail(Self.nested(100))
        #expect(most.parts.map(\.depth).max() == 100)
        #expect(!most.defects.contains { $0.fact == .depthBeyondLimit })
        let over = Self.mail(Self.nested(101))
        #expect(over.parts.map(\.depth).max() == 100)
        #expect(over.defects.contains { $0.fact == .depthBeyondLimit })
        #expect(over.root.range == 0..<over.bytes.count)
        let messages = Self.mail(String(repeating: "Content-Type: message/rfc822\n\n", count: 500))
        #expect(messages.parts.count == 101)
        #expect(MailInvariants.breach(messages) == nil)
    }

    @Test("P6: parts are counted, and the last one holds what is beyond", .timeLimit(.minutes(1)))
    func partsAreLimited() throws {
        func mail(parts: Int) -> MIMEMessage {
            Self.mail(
                "Content-Type: multipart/mixed; boundary=x\n\n"
                    + String(repeating: "--x\n\ny\n", count: parts) + "--x--")
        }
        let most = mail(parts: MIMELimits.standard.partsMax - 2)
        #expect(!most.defects.contains { $0.fact == .partsBeyondLimit })
        let over = mail(parts: 100_000)
        #expect(over.parts.count == MIMELimits.standard.partsMax)
        #expect(over.defects.contains { $0.fact == .partsBeyondLimit })
        #expect(try #require(over.parts.last).range.upperBound == over.bytes.count)
    }

    @Test func defectsAreCounted() {
        let limits = MIMELimits(depthMax: 2, partsMax: 10, defectsMax: 2)
        let text = String(repeating: "Content-Type: a/b\n", count: 9)
        #expect(Self.mail(text, limits: limits).defects.count == 2)
    }

    @Test("P10: NUL and bytes of no charset are kept, and shown as valid text")
    func anyByteIsKept() {
        let bytes = (0...255).map { UInt8($0) }
        let mail = MIMEMessage(
            Array("Subject: ".utf8) + bytes.filter { $0 != 10 } + [10, 10] + bytes)
        #expect(mail.header.first("Subject")?.body.contains(0) == true)
        #expect(mail.root.rawBody.elementsEqual(bytes))
        #expect(mail.header.first("Subject")?.decodedText.isEmpty == false)
        #expect(MailInvariants.breach(mail) == nil)
    }

    @Test("P10: overlong and half characters become U+FFFD")
    func invalidUTF8IsRepaired() {
        let header = "Content-Type: text/plain; charset=utf-8\n\n"
        let mail = MIMEMessage(Array(header.utf8) + [0xC0, 0xAF, 0xED, 0xA0, 0x80, 0x61])
        #expect(mail.root.text().hasSuffix("a"))
        #expect(!mail.root.text().contains("/"))
    }
}
