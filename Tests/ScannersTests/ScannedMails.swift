import MailModel
import NIOCore
import Scanners
import Screening
import Storage
import TestSupport
import Testing

/// Mails to be scanned, and settings for whom to ask.
enum ScannedMails {
    static let head = "Received: from us\r\n"
    static let raw = "Subject: x\r\n\r\nbody\r\n"

    static func mail(_ raw: String = raw) throws -> ScannedMail {
        try mail(.bytes(ByteBuffer(string: head + raw)), length: raw.utf8.count)
    }

    static func mail(_ content: MailContent, length: Int) throws -> ScannedMail {
        ScannedMail(
            id: try #require(MailID(String(repeating: "0", count: 40))),
            envelope: ReceivedEnvelope(
                mailFrom: .mailbox(try #require(Mailbox("b@example.net"))),
                recipients: [try #require(Mailbox("a@example.org"))], helo: "mail.example.net",
                peerAddress: "192.0.2.1", tls: nil, isExtended: true, isSMTPUTF8: false,
                is8BitMIME: false),
            content: content, headLength: head.utf8.count, length: length)
    }

    static func settings(
        _ scanner: CannedScanner, connectionsMax: Int = 4
    ) throws -> ScannerSettings {
        ScannerSettings(
            address: try #require(ScannerSettings.Address("127.0.0.1:\(scanner.port)")),
            timeoutSeconds: 7, connectionsMax: connectionsMax)
    }

    /// No time passes.
    static let never: ScannerSettings.Rest = { _ in
        let (never, _) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        throw CancellationError()
    }
}

/// A way in which a scanner fails, and what is said of it.
struct Failing: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let script: CannedScanner.Script
    let reason: String
    var isUnavailable = true
    /// Whether it is only the deadline that ends it.
    var isSlow = false

    init(
        _ testDescription: String, _ script: CannedScanner.Script, _ reason: String,
        isUnavailable: Bool = true, isSlow: Bool = false
    ) {
        self.testDescription = testDescription
        self.script = script
        self.reason = reason
        self.isUnavailable = isUnavailable
        self.isSlow = isSlow
    }

    /// The scanner's connection is closed afterwards, whatever it does.
    func check(
        _ make: (ScannerSettings, @escaping ScannerSettings.Rest) -> any MailScanner
    ) async throws {
        let canned = try await CannedScanner.start(script)
        let clock = ManualRest()
        let passing: ScannerSettings.Rest = { try await clock.rest($0) }
        let rest = isSlow ? passing : ScannedMails.never
        let scanner = make(try ScannedMails.settings(canned), rest)
        let mail = try ScannedMails.mail()
        async let scanned = scanner.scan(mail)
        if isSlow {
            await canned.untilHeard()
            await clock.pass()
        }
        let verdict = await scanned
        #expect(verdict.status == .processingFailed)
        #expect(verdict.reason.hasPrefix(reason), "\(verdict.reason)")
        #expect(verdict.isUnavailable == isUnavailable)
        #expect(verdict.detail == .none)
        await canned.untilClosed()
        #expect(canned.heard.count == 1)
        try await canned.end()
    }
}
