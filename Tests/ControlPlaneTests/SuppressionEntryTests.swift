import ControlPlane
import Storage
import Testing

@Suite struct SuppressionEntryTests {
    private func read(
        _ line: String, needsReason: Bool = true
    ) throws(SuppressionEntry.LineProblem) -> SuppressionEntry? {
        try SuppressionEntry.read(Array(line.utf8)[...], needsReason: needsReason)
    }

    @Test(arguments: [
        ("ada@one.example,BOUNCE", "ada@one.example", SuppressionRecord.Reason.bounce),
        ("Ada@One.Example,COMPLAINT\r", "ada@one.example", .complaint),
        ("  ada@one.example , bounce ", "ada@one.example", .bounce),
        ("\u{FEFF}ada@one.example,BOUNCE", "ada@one.example", .bounce),
        ("{a}@one.example,BOUNCE", "{a}@one.example", .bounce),
        (#""a,b"@one.example,BOUNCE"#, #""a,b"@one.example"#, .bounce),
        (
            #"{"emailAddress":"ada@one.example","reason":"COMPLAINT"}"#, "ada@one.example",
            .complaint
        ),
    ])
    func readsALine(
        _ line: String, _ address: String, _ reason: SuppressionRecord.Reason
    ) throws {
        #expect(try read(line) == SuppressionEntry(address: address, reason: reason))
    }

    @Test(arguments: ["", " ", "\r", "\u{FEFF}"])
    func anEmptyLineIsNone(_ line: String) throws {
        #expect(try read(line) == nil)
    }

    @Test(arguments: [
        ("ada@one.example", SuppressionEntry.LineProblem.noReason("")),
        ("ada@one.example,SPAM", .noReason("SPAM")),
        ("ada,BOUNCE", .noAddress("ada")),
        ("emailAddress,reason", .noAddress("emailAddress")),
        (#"{"emailAddress":"ada@one.example"}"#, .noReason("")),
        (#"{"reason":"BOUNCE"}"#, .notJSON),
        (#"{""#, .notJSON),
        ("{", .noAddress("{")),
        (String(repeating: "a", count: 4_097), .tooLong),
    ])
    func saysWhatIsWrong(_ line: String, _ problem: SuppressionEntry.LineProblem) {
        #expect(throws: problem) { try read(line) }
    }

    @Test func bytesThatAreNoTextAreToldSo() {
        #expect(throws: SuppressionEntry.LineProblem.notText) {
            try SuppressionEntry.read([0xFF, 0x40][...])
        }
    }

    @Test func whereReasonsDoNotCountThereMayBeNone() throws {
        #expect(try read("ada@one.example", needsReason: false)?.address == "ada@one.example")
        #expect(try read("ada@one.example,COMPLAINT", needsReason: false) != nil)
        #expect(throws: SuppressionEntry.LineProblem.noReason("SPAM")) {
            try read("ada@one.example,SPAM", needsReason: false)
        }
    }
}
