import Foundation
import MailModel
import NIOCore
import Scanners
import Screening
import Storage
import TestSupport
import Testing

/// How a mail gets to a scanner, whichever it is.
@Suite(.timeLimit(.minutes(1))) struct ScannerLineTests {
    private static let isWhole: @Sendable ([UInt8]) -> Bool = { $0.suffix(4) == [0, 0, 0, 0] }
    private static let clean = CannedScanner.Script(
        says: ["stream: OK\0"], closes: true, after: isWhole)

    private static func unframed(_ heard: [UInt8]) -> [UInt8] {
        var rest = heard.dropFirst("zINSTREAM\0".utf8.count)
        var mail: [UInt8] = []
        while rest.count >= 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            mail += rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
        }
        return mail
    }

    // MARK: Where the mail is

    private static func body(_ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) | 1 }
    }

    /// At the edges of the pieces in which it goes.
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 1_000_003], [true, false])
    func theRawMailArrivesWhole(_ length: Int, _ isFile: Bool) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let raw = Self.body(length)
        var content = ByteBuffer(string: "zz" + ScannedMails.head)
        content.writeBytes(raw)
        // A buffer may begin anywhere in its bytes.
        content.moveReaderIndex(forwardBy: 2)
        let path = "\(folder)/body"
        try Data(content.readableBytesView).write(to: URL(fileURLWithPath: path))
        let mail = try ScannedMails.mail(
            isFile ? .file(path: path, length: content.readableBytes) : .bytes(content),
            length: length)
        let canned = try await CannedScanner.start(Self.clean)
        let verdict = await ClamdScanner(
            try ScannedMails.settings(canned), rest: ScannedMails.never
        ).scan(mail)
        #expect(verdict.status == .pass)
        // Not shown where they differ: a million numbers.
        let isSame = canned.heard.first.map(Self.unframed) == raw
        #expect(isSame)
        try await canned.end()
    }

    @Test func aFileThatLacksBytesIsNotScanned() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/body"
        try Data((ScannedMails.head + "short").utf8).write(to: URL(fileURLWithPath: path))
        let canned = try await CannedScanner.start(Self.clean)
        let scanner = ClamdScanner(try ScannedMails.settings(canned), rest: ScannedMails.never)
        let short = await scanner.scan(
            try ScannedMails.mail(.file(path: path, length: 9), length: 9))
        #expect(short.reason == "clamd: the mail's file lacks 4 bytes")
        let absent = await scanner.scan(
            try ScannedMails.mail(.file(path: "\(folder)/none", length: 9), length: 9))
        #expect(
            absent.reason == "clamd: the mail's file cannot be read: No such file or directory")
        let few = await scanner.scan(try ScannedMails.mail(.bytes(ByteBuffer()), length: 9))
        #expect(few.reason == "clamd: the mail lacks bytes")
        #expect([short, absent, few].map(\.isUnavailable) == [true, true, true])
        // None of them was taken for a whole mail.
        await canned.untilClosed(3)
        #expect(canned.heard.filter(Self.isWhole) == [])
        try await canned.end()
    }

    // MARK: Where the scanner is

    @Test func aUnixSocketIsOneToo() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/clamd.sock"
        let canned = try await CannedScanner.start(Self.clean, path: path)
        let settings = ScannerSettings(
            address: .unix(path: path), timeoutSeconds: 7, connectionsMax: 4)
        let scanner = ClamdScanner(settings, rest: ScannedMails.never)
        #expect(await scanner.scan(try ScannedMails.mail()).status == .pass)
        try await canned.end()
        try? FileManager.default.removeItem(atPath: path)
        let verdict = await scanner.scan(try ScannedMails.mail())
        #expect(verdict.reason == "clamd: No such file or directory")
        #expect(verdict.isUnavailable)
    }

    @Test func aPortWhereNobodyListensIsNotThere() async throws {
        let canned = try await CannedScanner.start(Self.clean)
        let settings = try ScannedMails.settings(canned)
        try await canned.end()
        for scanner in [
            ClamdScanner(settings, rest: ScannedMails.never) as any MailScanner,
            RspamdScanner(settings, rest: ScannedMails.never),
        ] {
            let verdict = await scanner.scan(try ScannedMails.mail())
            #expect(verdict.reason.contains("Connection refused"), "\(verdict.reason)")
            #expect(verdict.isUnavailable)
        }
    }

    // MARK: How many

    /// The others wait, and have their turn.
    @Test func asksNoMoreThanSoManyAtOnce() async throws {
        let canned = try await CannedScanner.start(Self.clean)
        let scanner = ClamdScanner(
            try ScannedMails.settings(canned, connectionsMax: 2), rest: ScannedMails.never)
        let mail = try ScannedMails.mail()
        let statuses = await withTaskGroup(of: ScanVerdict.Status.self) { group in
            for _ in 0..<20 { group.addTask { await scanner.scan(mail).status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: .pass, count: 20))
        #expect(canned.heard.count == 20)
        #expect(canned.openMax <= 4, "the server hears of an end a little later")
        try await canned.end()
    }

    /// Waiting is part of a mail's time: who never gets a turn is told so.
    @Test func whoWaitsTooLongIsToldSo() async throws {
        let canned = try await CannedScanner.start(CannedScanner.Script())
        let clock = ManualRest()
        let scanner = ClamdScanner(
            try ScannedMails.settings(canned, connectionsMax: 1),
            rest: { try await clock.rest($0) })
        let mail = try ScannedMails.mail()
        async let first = scanner.scan(mail)
        await canned.untilHeard()
        async let second = scanner.scan(mail)
        await clock.pass(2)
        let reasons = await [first.reason, second.reason]
        #expect(reasons == Array(repeating: "clamd: no answer within 7 s", count: 2))
        #expect(canned.heard.count == 1)
        // The turn was given back.
        async let third = scanner.scan(mail)
        await canned.untilHeard()
        await clock.pass()
        #expect(await third.status == .processingFailed)
        #expect(canned.heard.count == 2)
        try await canned.end()
    }

    @Test func endsWithItsTask() async throws {
        let canned = try await CannedScanner.start(CannedScanner.Script())
        let scanner = RspamdScanner(
            try ScannedMails.settings(canned, connectionsMax: 1), rest: ScannedMails.never)
        let mail = try ScannedMails.mail()
        let scans = (0..<2).map { _ in Task { await scanner.scan(mail) } }
        await canned.untilHeard()
        for scan in scans { scan.cancel() }
        for scan in scans {
            #expect(await scan.value.reason == "rspamd: given up: the server ends")
        }
        await canned.untilClosed()
        try await canned.end()
    }
}
