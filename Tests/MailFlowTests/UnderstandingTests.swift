import DNS
import LibCrypto
import MailFlow
import MailModel
import NIOCore
import Screening
import Storage
import Synchronization
import TestSupport
import Testing

/// What a mail is found to be, in the words that are kept and shown.
@Suite struct UnderstandingTests {
    private let zone = ZoneResolver()
    private let bodies = ScriptedBodies()

    init() {
        zone.put("sender.example", .txt, [.text([Array("v=spf1 ip4:192.0.2.7 -all".utf8)])])
        zone.put("_dmarc.sender.example", .txt, [.text([Array("v=DMARC1; p=reject".utf8)])])
    }

    private static let id = MailID(at: Timestamp(milliseconds: 0), random: CountingRandom())

    private func mail(
        _ raw: String, from: String = "ada@sender.example", peer: String = "192.0.2.7",
        isInFile: Bool = false
    ) throws -> (MailRecord, MailContent) {
        let head = "Return-Path: <>\r\n"
        let stored = ByteBuffer(string: head + raw)
        let recipient = try #require(Mailbox("a@ours.example"))
        let envelope = ReceivedEnvelope(
            mailFrom: Mailbox(from).map(ReversePath.mailbox) ?? .null, recipients: [recipient],
            helo: "mail.sender.example", peerAddress: peer, peerName: .absent, tls: nil,
            isExtended: true, isSMTPUTF8: false, is8BitMIME: false)
        let record = MailRecord(
            id: Self.id, account: .main, receivedAt: Timestamp(milliseconds: 0), state: .acting,
            envelope: envelope, ruleSetVersion: "v", isUntaken: false,
            bodyPlace: isInFile ? .file : .row, headLength: head.utf8.count,
            totalLength: stored.readableBytes, checksum: 0)
        bodies.state.withLock { $0.files[Self.id] = stored }
        return (record, isInFile ? .file(path: "", length: stored.readableBytes) : .bytes(stored))
    }

    private func understanding(_ scanner: (any MailScanner)? = nil) -> Understanding {
        let screener = scanner.map {
            MailScreener(
                spam: MailScreener.Scanner(name: "rspamd", scanner: $0, whenUnavailable: .goOn),
                virus: nil, lists: nil, thresholds: ListThresholds(grayScore: 5, failScore: 10),
                time: ManualTime())
        }
        return Understanding(
            settings: AuthenticationSettings(
                hostname: "mx.ours.example", authenticator: "auth.ours.example"),
            screener: screener, bodies: bodies, resolver: zone, rsa: LibCryptoRSA(),
            time: ManualTime())
    }

    private func judge(
        _ raw: String, from: String = "ada@sender.example", peer: String = "192.0.2.7",
        isInFile: Bool = false
    ) async throws -> VerdictRecord? {
        let (record, content) = try mail(raw, from: from, peer: peer, isInFile: isInFile)
        return verdicts(
            await understanding().judge(record, content, isScanned: true))
    }

    private func verdicts(_ judgement: Judgement) -> VerdictRecord? {
        if case .verdicts(let verdicts) = judgement { verdicts } else { nil }
    }

    @Test(arguments: [false, true])
    func saysWhoSentAMail(isInFile: Bool) async throws {
        let verdicts = try #require(
            try await judge("From: ada@sender.example\r\n\r\nbody", isInFile: isInFile))
        #expect(verdicts.spf.status == .pass && verdicts.spf.result == "pass")
        #expect(verdicts.dkim.status == .gray && verdicts.dmarc.status == .pass)
        #expect(verdicts.dmarcPolicy == nil)
        #expect(verdicts.spam == .disabled && verdicts.virus == .disabled)
        #expect(verdicts.headerFields.hasPrefix("Received-SPF: pass (spfCheck: domain of"))
        #expect(
            verdicts.headerFields.contains(
                "\r\nAuthentication-Results: auth.ours.example;\r\n spf=pass "))
        #expect(
            verdicts.headerFields.hasSuffix(
                ";\r\n dmarc=pass header.from=sender.example;\r\n"))
        #expect(!verdicts.spf.reason.isEmpty && !verdicts.dmarc.reason.isEmpty)
    }

    private static let honest = "From: ada@sender.example\r\n\r\nbody"

    /// RFC 7208 §2.3; the field of the header stays SPF's of MAIL FROM alone.
    @Test func checksTheGreeting() async throws {
        zone.put("mail.sender.example", .txt, [.txt("v=spf1 a -all")])
        let verdicts = try #require(try await judge(Self.honest))
        #expect(verdicts.others.map(\.method) == ["helo", "iprev"])
        #expect(verdicts.others[0].finding.result == "fail")
        #expect(!verdicts.headerFields.contains("spf=fail"))
        // The null path was the greeting's check already.
        let bounce = try #require(try await judge(Self.honest, from: ""))
        #expect(bounce.spf.result == "fail" && bounce.others.map(\.method) == ["iprev"])
    }

    @Test func whatItsSessionKnewIsNotAskedAgain() async throws {
        let scanner = CountingScanner()
        let understanding = understanding(scanner)
        var (record, content) = try mail(Self.honest)
        let origin = try #require(await understanding.origin(of: record, content))
        #expect(!origin.isComplete && scanner.count.count == 0)
        #expect(origin.spf.status == .pass && origin.dmarc.status == .pass)
        let asked = zone.asked
        #expect(Set(asked) == ["txt sender.example", "txt _dmarc.sender.example"])
        record.verdicts = origin
        let all = try #require(
            verdicts(await understanding.judge(record, content, isScanned: true)))
        #expect(zone.asked.dropFirst(asked.count) == ["txt mail.sender.example"])
        #expect(all.isComplete && all.spam.status == .pass && scanner.count.count == 1)
        #expect(all.headerFields == origin.headerFields && all.dmarc == origin.dmarc)
        #expect(
            all
                == verdicts(
                    await understanding.judge(try mail(Self.honest).0, content, isScanned: true)))
    }

    /// SES: `ScanEnabled`.
    @Test func nobodyScansForRulesThatDoNot() async throws {
        let scanner = CountingScanner()
        let (record, content) = try mail(Self.honest)
        let found = try #require(
            verdicts(await understanding(scanner).judge(record, content, isScanned: false)))
        #expect(found.spf.status == .pass && found.spam.status == .disabled)
        #expect(found.virus.status == .disabled && found.inquiries == [])
        #expect(scanner.count.count == 0)
    }

    @Test func keepsWhoWasAskedAndWhatItSaid() async throws {
        let (record, content) = try mail(Self.honest)
        let found = try #require(
            verdicts(
                await understanding(CountingScanner()).judge(record, content, isScanned: true)))
        #expect(
            found.inquiries == [
                VerdictRecord.Inquiry(
                    of: "rspamd", subject: nil, status: .pass, answer: "fine", score: nil,
                    milliseconds: 0)
            ])
    }

    @Test func aForgedSenderFails() async throws {
        let verdicts = try #require(
            try await judge(
                "From: ada@sender.example\r\n\r\nbody", from: "x@other.example",
                peer: "198.51.100.1"))
        #expect(verdicts.spf.status == .gray && verdicts.dmarc.status == .fail)
        #expect(verdicts.dmarcPolicy == "reject")
    }

    @Test("P2: our name in the mail's own fields is forged", arguments: [false, true])
    func findsForgedFields(isInFile: Bool) async throws {
        let forged = "Authentication-Results: mx.ours.example; dmarc=pass\r\n"
        let verdicts = try #require(
            try await judge(
                "A: 1\r\n\(forged)B: 2\r\n\(forged)\r\nbody", isInFile: isInFile))
        let length = forged.utf8.count
        #expect(
            verdicts.forgedFields == [
                VerdictRecord.ByteSpan(start: 6, length: length),
                VerdictRecord.ByteSpan(start: 12 + length, length: length),
            ])
    }

    @Test func aDNSThatFailsIsSaid() async throws {
        zone.put("sender.example", .txt, .failure(.timedOut))
        zone.put("_dmarc.sender.example", .txt, .failure(.timedOut))
        let verdicts = try #require(try await judge("From: ada@sender.example\r\n\r\nbody"))
        #expect(verdicts.spf.status == .processingFailed)
        #expect(verdicts.dmarc.status == .processingFailed)
    }

    /// The sender names ten keys, whose servers are slow: each answer takes so many seconds.
    @Test func aSlowDNSEndsInTime() async throws {
        let time = ManualTime()
        let signatures = (0..<10).map { number in
            "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=s\(number); h=from;\r\n"
                + " bh=\(String(repeating: "A", count: 43))=; b=AAAA\r\n"
        }
        let (record, content) = try mail(signatures.joined() + Self.honest)
        let understanding = Understanding(
            settings: AuthenticationSettings(
                hostname: "mx.ours.example", authenticator: "auth.ours.example"),
            screener: nil, bodies: bodies,
            resolver: SlowZone(zone: zone, time: time, seconds: 25), rsa: LibCryptoRSA(),
            time: time)
        let verdicts = try #require(
            verdicts(await understanding.judge(record, content, isScanned: false)))
        #expect(verdicts.dkim.reason.contains("the DNS did not answer in time"))
        // Three in turn; a few that began at the same time as the last.
        #expect(zone.asked.count <= 8)
    }

    /// A row is read whole, and often: fields that follow each other are one span, and a thousand
    /// spans are enough. What stands between them is no part of any.
    @Test(arguments: [
        (3, "", 1, false), (3, "A:\r\n", 3, false), (1_000, "A:\r\n", 1_000, false),
        (1_001, "A:\r\n", 1_000, true), (1_500, "A:\r\n", 1_000, true), (1_500, "", 1, false),
    ])
    func forgedFieldsAreBounded(
        _ count: Int, _ between: String, _ spans: Int, _ isBeyond: Bool
    ) async throws {
        let field = "X-SES-RECEIPT: x\r\n"
        let forged = Array(repeating: field, count: count).joined(separator: between)
        let header = "\(forged)From: ada@sender.example\r\n\r\n"
        let verdicts = try #require(try await judge("\(header)body"))
        #expect(verdicts.forgedFields.count == spans)
        let length = between.isEmpty ? forged.utf8.count : field.utf8.count
        #expect(verdicts.forgedFields.allSatisfy { $0.length == length })
        #expect(verdicts.resultsHiddenTo == (isBeyond ? header.utf8.count : nil))
    }

    @Test(
        "P10: whatever a mail says, its fields are lines of text",
        arguments: [
            "From: \u{0}\u{7}a@sender.example\r\n\r\n",
            "From: =?utf-8?q?=0D=0ABcc:_x?= <a@b.example>\r\n\r\n",
            "\r\n", "",
            "DKIM-Signature: v=1; d=a\u{0}b.example; s=\u{1B}[31m; b=x\r\nFrom: a@b.example\r\n\r\n",
        ])
    func fieldsAreLines(_ raw: String) async throws {
        let verdicts = try #require(try await judge(raw))
        for line in verdicts.headerFields.split(separator: "\r\n") {
            #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
            #expect(
                line.hasPrefix(" ") || line.hasPrefix("Received-SPF: ")
                    || line.hasPrefix("Authentication-Results: "))
        }
    }
}

/// A zone whose every answer takes some seconds of a clock that else stands.
private struct SlowZone: DNSResolver {
    let zone: ZoneResolver
    let time: ManualTime
    let seconds: Int64

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        time.advance(seconds: seconds)
        return try await zone.ask(name, type)
    }
}

/// Finds every mail fine, and counts them.
private final class CountingScanner: MailScanner {
    let count = Counter()

    func scan(_ mail: ScannedMail) async -> ScanVerdict {
        count.add()
        return ScanVerdict(.pass, reason: "fine")
    }
}
