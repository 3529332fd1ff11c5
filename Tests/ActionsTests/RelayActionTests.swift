import Actions
import NIOCore
import RuleEngine
import Storage
import TestSupport
import Testing

@Suite struct RelayActionTests {
    private static let block = "Return-Path: <eve@sender.example>\r\nReceived: from x\r\n by y\r\n"
    private static let raw = "Return-Path: <old@x.example>\r\nSubject: a\r\n\r\nbody\r\n"

    static let mails: [(block: String, raw: String, added: [String], expected: String)] = [
        (block, raw, [], "Received: from x\r\n by y\r\n" + raw),
        // A rule's own line is none of ours.
        (
            block, "x\r\n", ["Return-Path: <rule@x.example>", "X-A: 1"],
            "Return-Path: <rule@x.example>\r\nX-A: 1\r\nReceived: from x\r\n by y\r\nx\r\n"
        ),
        ("Return-Path:\r\n <eve@sender.example>\r\n", raw, [], raw),
        ("", "Subject: a\r\n\r\n", [], "Subject: a\r\n\r\n"),
        ("Received: from x\r\n", "", [], "Received: from x\r\n"),
    ]

    /// Whoever delivers the mail writes `Return-Path`: ours is left out, and nothing else.
    @Test(arguments: mails, [false, true])
    func leavesOurReturnPathOut(
        _ mail: (block: String, raw: String, added: [String], expected: String), _ isInFile: Bool
    ) throws {
        let fixture = ActionFixture()
        var received = TestMail(mail.block + mail.raw)
        received.headLength = mail.block.utf8.count
        received.addedHeaders = mail.added
        received.isInFile = isInFile
        fixture.bodies.hold(received.content)
        let (front, rest) = try fixture.actions.handedOn(received.task(.relay(to: "boxes")))
        let behind = try rest.piece(
            of: TestMail.id, from: 0, length: rest.length, in: fixture.bodies)
        #expect(String(buffer: front) + String(buffer: behind) == mail.expected)
    }

    @Test func nothingIsHandedOnWhereNothingIsSent() async {
        let result = await ActionFixture().perform(.relay(to: "boxes"))
        #expect(result.ending == .refused)
        #expect(result.detail == "nothing is sent from here")
    }
}
