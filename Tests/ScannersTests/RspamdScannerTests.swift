import MailModel
import Scanners
import Screening
import Storage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RspamdScannerTests {
    private static let isWhole: @Sendable ([UInt8]) -> Bool = {
        String(decoding: $0, as: UTF8.self).hasSuffix(ScannedMails.raw)
    }

    private static func http(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func answering(
        _ body: String, status: String = "200 OK"
    ) -> CannedScanner.Script {
        CannedScanner.Script(
            says: [http(body, status: status)], closes: true, after: isWhole)
    }

    private func scan(_ body: String) async throws -> (ScanVerdict, String) {
        let canned = try await CannedScanner.start(Self.answering(body))
        let verdict = await RspamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(try ScannedMails.mail())
        await canned.untilClosed()
        try await canned.end()
        return (verdict, String(decoding: canned.heard.first ?? [], as: UTF8.self))
    }

    @Test func aMailThatIsNoSpamPasses() async throws {
        let (verdict, heard) = try await scan(
            #"{"score":0.5,"required_score":15,"action":"no action","symbols":{}}"#)
        #expect(verdict.status == .pass)
        #expect(verdict.reason == "rspamd: no action, 0.5 of 15")
        let lines = heard.replacing("\r\n", with: "\n").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "POST /checkv2 HTTP/1.1")
        for line in [
            "Queue-Id: \(String(repeating: "0", count: 40))", "IP: 192.0.2.1",
            "Helo: mail.example.net", "From: <b@example.net>", "Rcpt: <a@example.org>",
            "Content-Length: \(ScannedMails.raw.utf8.count)", "Connection: close",
        ] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        #expect(heard.hasSuffix("\r\n\r\n" + ScannedMails.raw))
    }

    @Test func anActionIsAVerdict() async throws {
        let (verdict, _) = try await scan(
            #"""
            {"is_skipped":false,"score":7.25,"required_score":15.0,"action":"add header",
             "symbols":{"R_A":{"name":"R_A","score":5.25,"metric_score":5.25,"options":["x"]},
                        "R_B":{"name":"R_B","score":2}},
             "messages":{},"message-id":"1@b.example","time_real":0.05}
            """#)
        #expect(verdict.status == .gray)
        #expect(verdict.reason == "rspamd: add header, 7.25 of 15 (R_A 5.25, R_B 2)")
        #expect(
            verdict.detail
                == .spam(
                    SpamScan(
                        action: .addHeader, score: 7.25, requiredScore: 15,
                        symbols: [
                            SpamScan.Symbol(name: "R_A", score: 5.25),
                            SpamScan.Symbol(name: "R_B", score: 2),
                        ])))
    }

    /// GTUBE is judged without a look at the mail.
    @Test func whatWasSkippedIsJudgedByItsAction() async throws {
        let (gtube, _) = try await scan(
            #"{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject"}"#)
        #expect(gtube.status == .fail)
        let (skipped, _) = try await scan(#"{"is_skipped":true,"score":0,"action":"no action"}"#)
        #expect(skipped.status == .disabled && !skipped.isUnavailable)
    }

    private static let cut = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"score\":"
    private static let endless = String(repeating: "x", count: 4_096)

    static let failing = [
        Failing(
            "silent", CannedScanner.Script(), "rspamd: no answer within 7 s", isSlow: true),
        Failing(
            "drips its head", CannedScanner.Script(says: ["H", "TTP/1.1 2", "00 OK\r\nX: y"]),
            "rspamd: no answer within 7 s", isSlow: true),
        Failing(
            "drips its body", CannedScanner.Script(says: [cut]), "rspamd: no answer within 7 s",
            isSlow: true),
        Failing(
            "says that it goes on",
            CannedScanner.Script(
                says: Array(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 100)),
            "rspamd: no answer within 7 s", isSlow: true),
        Failing(
            "closes", CannedScanner.Script(closes: true, after: isWhole),
            "rspamd: it closed the connection before its answer's end"),
        Failing(
            "cut", CannedScanner.Script(says: [cut], closes: true, after: isWhole), "rspamd: it"),
        Failing(
            "another protocol",
            CannedScanner.Script(says: ["220 mx.example ESMTP\r\n"], after: isWhole),
            "rspamd: its answer is no HTTP"),
        Failing("overloaded", answering("", status: "503 Busy"), "rspamd: it answered 503"),
        Failing(
            "an error", answering(#"{"error":"invalid command"}"#, status: "500 invalid command"),
            "rspamd: it answered 500"),
        Failing(
            "leads elsewhere",
            CannedScanner.Script(
                says: [
                    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                        + "Content-Length: 0\r\n\r\n"
                ], after: isWhole), "rspamd: it answered 302"),
        Failing(
            "will not take so much", answering("", status: "413 Too large"),
            "rspamd: the mail is larger than it takes", isUnavailable: false),
        Failing("no JSON", answering("OK"), "rspamd: its answer is none of rspamd's"),
        Failing("nothing", answering(""), "rspamd: its answer is none of rspamd's"),
        Failing(
            "an action of somebody's own", answering(#"{"score":1,"action":"launder"}"#),
            "rspamd: its answer is none of rspamd's"),
        Failing(
            "no action", answering(#"{"score":1}"#), "rspamd: its answer is none of rspamd's"),
        Failing(
            "a score in words", answering(#"{"score":"high","action":"reject"}"#),
            "rspamd: its answer is none of rspamd's"),
        Failing(
            "an endless body",
            CannedScanner.Script(
                says: ["HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"], again: endless),
            "rspamd: its answer has more than 1048576 bytes"),
        Failing(
            "endless chunks",
            CannedScanner.Script(
                says: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
                again: "1000\r\n\(endless)\r\n"),
            "rspamd: its answer has more than 1048576 bytes"),
        Failing(
            "an endless head",
            CannedScanner.Script(says: ["HTTP/1.1 200 OK\r\n"], again: "X: \(endless)\r\n"),
            "rspamd: its answer is no HTTP"),
        Failing(
            "an endless status", CannedScanner.Script(says: ["HTTP/1.1 200 "], again: endless),
            "rspamd: its answer"),
    ]

    @Test(arguments: failing)
    func fails(_ failing: Failing) async throws {
        try await failing.check { RspamdScanner($0, rest: $1) }
    }

    @Test func anAnswerAmidTheMailCounts() async throws {
        let canned = try await CannedScanner.start(
            CannedScanner.Script(
                says: [Self.http("", status: "413 Too large")], closes: true, readsOn: false))
        let mail = try ScannedMails.mail(String(repeating: "x", count: 20_000_000))
        let verdict = await RspamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(mail)
        #expect(verdict.reason == "rspamd: the mail is larger than it takes")
        try await canned.end()
    }
}
