import MailModel
import Scanners
import Screening
import Storage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClamdScannerTests {
    /// `zINSTREAM`, pieces with their lengths, and one of no bytes.
    private static let isWhole: @Sendable ([UInt8]) -> Bool = { $0.suffix(4) == [0, 0, 0, 0] }

    private static func answering(_ text: String) -> CannedScanner.Script {
        CannedScanner.Script(says: [text], closes: true, after: isWhole)
    }

    private func scan(_ script: CannedScanner.Script) async throws -> (ScanVerdict, [UInt8]) {
        let canned = try await CannedScanner.start(script)
        let verdict = await ClamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(try ScannedMails.mail())
        await canned.untilClosed()
        try await canned.end()
        return (verdict, canned.heard.first ?? [])
    }

    @Test func aCleanMailPasses() async throws {
        let (verdict, heard) = try await scan(Self.answering("stream: OK\0"))
        #expect(verdict == ScanVerdict(.pass, reason: "clamd found nothing"))
        let length = UInt8(ScannedMails.raw.utf8.count)
        #expect(
            heard == Array("zINSTREAM\0".utf8) + [0, 0, 0, length]
                + Array(ScannedMails.raw.utf8) + [0, 0, 0, 0])
    }

    @Test func aSignatureFails() async throws {
        let (verdict, _) = try await scan(
            Self.answering("stream: Eicar-Signature FOUND\0"))
        #expect(
            verdict
                == ScanVerdict(
                    .fail, reason: "clamd found Eicar-Signature",
                    detail: .virus(signature: "Eicar-Signature")))
    }

    @Test func anAnswerMayComeInPieces() async throws {
        let (verdict, _) = try await scan(
            CannedScanner.Script(says: ["str", "eam: O", "K", "\0"], after: Self.isWhole))
        #expect(verdict.status == .pass)
    }

    @Test func aMailOfNoBytesIsOne() async throws {
        let canned = try await CannedScanner.start(Self.answering("stream: OK\0"))
        let verdict = await ClamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(try ScannedMails.mail(""))
        #expect(verdict.status == .pass)
        #expect(canned.heard == [Array("zINSTREAM\0".utf8) + [0, 0, 0, 0]])
        try await canned.end()
    }

    static let failing = [
        Failing(
            "silent", CannedScanner.Script(), "clamd: no answer within 7 s", isSlow: true),
        Failing(
            "drips", CannedScanner.Script(says: ["s", "t", "r"]), "clamd: no answer within 7 s",
            isSlow: true),
        Failing(
            "closes", CannedScanner.Script(closes: true, after: isWhole),
            "clamd: it closed the connection without an answer"),
        Failing(
            "closes amid its answer",
            CannedScanner.Script(says: ["stream: O"], closes: true, after: isWhole),
            "clamd: it closed the connection without an answer"),
        Failing(
            "another protocol", answering("220 mx.example ESMTP\r\n\0"),
            "clamd: its answer is none of clamd's"),
        Failing(
            "neither clean nor found", answering("stream: MAYBE\0"),
            "clamd: its answer is none of clamd's"),
        Failing(
            "found nothing", answering("stream:  FOUND\0"), "clamd: its answer is none of clamd's"),
        Failing(
            "a control character", answering("stream: A\u{1B}[2J FOUND\0"),
            "clamd: its answer is none of clamd's"),
        Failing(
            "two answers", answering("stream: OK\0stream: OK\0"),
            "clamd: its answer is none of clamd's"),
        Failing(
            "endless", CannedScanner.Script(again: String(repeating: "x", count: 4_096)),
            "clamd: its answer has more than 1024 bytes"),
        Failing(
            "has no memory", answering("Can't allocate memory ERROR\0"),
            "clamd: Can't allocate memory"),
        Failing(
            "will not take so much", answering("INSTREAM size limit exceeded. ERROR\0"),
            "clamd: INSTREAM size limit exceeded.", isUnavailable: false),
    ]

    @Test(arguments: failing)
    func fails(_ failing: Failing) async throws {
        try await failing.check { ClamdScanner($0, rest: $1) }
    }

    /// What clamd does with too large a mail: it says so, and reads no further.
    @Test(arguments: [true, false])
    func anAnswerAmidTheMailCounts(_ closes: Bool) async throws {
        let canned = try await CannedScanner.start(
            CannedScanner.Script(
                says: ["INSTREAM size limit exceeded. ERROR\0"], closes: closes, readsOn: false))
        let mail = try ScannedMails.mail(String(repeating: "x", count: 20_000_000))
        let verdict = await ClamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(mail)
        #expect(verdict.reason == "clamd: INSTREAM size limit exceeded.")
        #expect(!verdict.isUnavailable)
        try await canned.end()
    }
}
