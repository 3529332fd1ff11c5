import MailModel
import Testing

@Suite struct HeaderParametersTests {
    private static func parameters(_ text: String) -> HeaderParameters {
        ContentDisposition(Array("attachment; \(text)".utf8)[...]).parameters
    }

    @Test(arguments: [
        ("a=b", "b"), ("A = \"b c\"", "b c"), ("a=\"x\\\"y\\\\z\"", "x\"y\\z"),
        ("a=b (a comment)", "b"), ("a=b c (1).txt; d=e", "b c (1).txt"),
        ("a=\"b\" c=d", "b"), ("a=b c=d", "b"), (";; ;a=b;", "b"), ("x; a=b", "b"),
        ("a=\"open", "open"), ("a==b", "=b"), ("a=\"b\r\n c\"", "b c"),
        ("a*=utf-8'en'%C3%A4%20b", "ä b"), ("a*=iso-8859-1''%E4", "ä"), ("a*=%41", "A"),
        ("a*0=x; a*1=y", "xy"), ("a*1=y; a*0=x", "xy"), ("a*0*=utf-8''%C3; a*1*=%A4", "ä"),
        ("a*0*=utf-8''%C3%A4; a*1=%41", "ä%41"), ("a*0=x; a*2=z", "xz"),
        ("a*0=x; a*0=y", "x"), ("a=\"=?utf-8?Q?=C3=A4?=\"", "ä"),
        ("a=plain; a*=utf-8''coded", "coded"), ("a=plain; a*0=con; a*1=tinued", "continued"),
        ("a*0*=utf-8''x; a*00000001=y", "xy"),
    ])
    func readsAValue(_ text: String, _ value: String) {
        #expect(Self.parameters(text)["a"] == value)
    }

    @Test(arguments: ["", "a", "b=c", "=", "a*9999999999=x", "a*-1=x", "a*x=y"])
    func findsNoValue(_ text: String) {
        #expect(Self.parameters(text)["a"] == nil)
    }

    @Test("P7: every spelling of a file name is told")
    func tellsEveryVariant() {
        let mail = MIMEMessage(
            Array(
                """
                Content-Type: application/pdf; name="invoice.pdf"; name*=utf-8''b.scr
                Content-Disposition: attachment; filename=a.pdf; filename="a.exe";\
                 filename*=utf-8''%61.js; filename*0=a.; filename*1=bat


                """.utf8))
        let names = mail.root.fileNames
        #expect(
            names.map(\.value)
                == ["a.js", "a.bat", "a.pdf", "a.exe", "b.scr", "invoice.pdf"])
        #expect(names.first?.place == "Content-Disposition filename*")
        #expect(mail.root.fileName == "a.js")
    }

    @Test(
        "P7: sections that readers put together differently give every name",
        arguments: [
            ("a*0=a.; a*1=txt; a*01=exe", ["a.txt", "a.exe", "a.txtexe"]),
            ("a*0=a.txt; a*2=.exe", ["a.txt.exe", "a.txt"]),
            ("a*0*=''a%2E; a*1=b; a*1*=%65xe", ["a.b", "a.exe", "a.bexe"]),
            ("a*0=a; a*1=b", ["ab"]), ("a*1=b", ["b"]), ("a*0=x; a*0=x", ["x", "xx"]),
        ])
    func tellsEveryReadingOfSections(_ text: String, _ values: [String]) {
        #expect(Self.parameters(text).variants("a").map(\.value) == values)
    }

    @Test("P7: fields that stand again name the content, too")
    func tellsNamesOfRepeatedFields() {
        let mail = MIMEMessage(
            Array(
                """
                Content-Disposition: attachment; filename=a.txt
                Content-Type: text/plain; name=b.txt
                Content-Disposition: attachment; filename=a.exe
                Content-Type: text/plain; name=b.exe


                """.utf8))
        #expect(mail.root.fileNames.map(\.value) == ["a.txt", "b.txt", "a.exe", "b.exe"])
        #expect(mail.defects.map(\.fact) == [.fieldRepeated, .fieldRepeated])
    }

    @Test("P7: a name is read where the type is none")
    func readsNamesOfInvalidTypes() {
        let mail = MIMEMessage(Array("Content-Type: garbage; name=a.exe\n\n".utf8))
        #expect(mail.root.fileName == "a.exe")
    }

    @Test("P6: continuations without end cost no more than others", .timeLimit(.minutes(1)))
    func continuationsAreLimited() {
        let most = HeaderParameters.entriesMax
        func parameters(_ count: Int) -> HeaderParameters {
            Self.parameters((0..<count).map { "a*\($0)=x" }.reversed().joined(separator: "; "))
        }
        #expect(parameters(most)["a"]?.utf8.count == most)
        #expect(!parameters(most).isCut)
        #expect(parameters(most + 1).isCut)
        #expect(parameters(20_000)["a"]?.utf8.count == most)
        let huge = Self.parameters("a*0=x; a*99999999=y; a*00000007=z")
        #expect(huge["a"] == "xzy")
    }

    @Test("P6: brackets and spaces without end are read in linear time", .timeLimit(.minutes(1)))
    func lookingAheadIsLinear() {
        for piece in ["( ", "a ", "a=( ", "=?", "\\\""] {
            _ = Self.parameters("a=" + String(repeating: piece, count: 50_000))["a"]
        }
    }
}
