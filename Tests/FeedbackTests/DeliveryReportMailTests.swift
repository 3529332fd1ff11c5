import Feedback
import MailModel
import TestSupport
import Testing

/// Our own reports, as our own reader takes them.
@Suite struct DeliveryReportMailTests {
    static let at = Timestamp(milliseconds: 1_790_000_000_000)
    static let header = Array(
        """
        From: Sender <s@sender.example>
        To: a@a.example
        Message-ID: <1@sender.example>
        Subject: Hello


        """.replacing("\n", with: "\r\n").utf8)
    static let mail = header + Array("body\r\n".utf8)

    static func report(
        _ recipients: [DeliveryReportMail.Recipient], to recipient: String = "s@sender.example",
        envelopeID: String? = nil, original: DeliveryReportMail.Original = .header(header[...])
    ) throws -> DeliveryReportMail {
        DeliveryReportMail(
            id: MessageID(at: at, random: CountingRandom()), at: at,
            domain: Domain(validatedASCII: "ours.example"), to: try #require(Mailbox(recipient)),
            reportingMTA: Domain(validatedASCII: "mx.ours.example"),
            arrivedAt: at.advanced(bySeconds: -60), envelopeID: envelopeID,
            recipients: recipients, original: original)
    }

    private static func read(_ report: DeliveryReportMail) throws -> DeliveryReport {
        let feedback = MailFeedback.read(MIMEMessage(report.bytes))
        guard case .delivery(let read) = feedback else {
            Issue.record("read as \(feedback)")
            throw CancellationError()
        }
        return read
    }

    struct Case: CustomTestStringConvertible {
        var recipient: DeliveryReportMail.Recipient
        var original: String?
        var diagnostic: String?
        var reason = BounceReason.undetermined
        var testDescription: String {
            "\(recipient.action) \(recipient.address.wireText) \(recipient.status)"
        }
    }

    private static func recipient(
        _ address: String, _ action: DeliveryReportMail.Action, _ status: EnhancedStatus,
        named originalRecipient: String? = nil, reply: String? = nil, detail: String? = nil,
        willRetryUntil: Timestamp? = nil
    ) -> DeliveryReportMail.Recipient {
        guard let mailbox = Mailbox(address) else { preconditionFailure("\(address) is none") }
        return DeliveryReportMail.Recipient(
            address: mailbox, originalRecipient: originalRecipient, action: action,
            status: status, remoteMTA: reply.map { _ in "mx.a.example" }, reply: reply,
            detail: detail, lastAttemptAt: at, willRetryUntil: willRetryUntil)
    }

    static let cases = [
        Case(
            recipient: recipient(
                "a@a.example", .failed, EnhancedStatus(class: 5, subject: 1, detail: 1),
                reply: "550 5.1.1 <a@a.example>... User unknown"),
            diagnostic: "550 5.1.1 <a@a.example>... User unknown", reason: .noSuchMailbox),
        Case(
            recipient: recipient(
                "a@a.example", .failed, EnhancedStatus(class: 5, subject: 2, detail: 2),
                named: "rfc822;b+2Bc@b.example", reply: "552 5.2.2 full"),
            original: "b+c@b.example", diagnostic: "552 5.2.2 full", reason: .mailboxFull),
        Case(
            recipient: recipient(
                "\"a b\"@a.example", .failed, EnhancedStatus(class: 5, subject: 4, detail: 7),
                detail: "no host took it in 72 hours"),
            diagnostic: "no host took it in 72 hours"),
        Case(
            recipient: recipient(
                "ü@a.example", .failed, EnhancedStatus(class: 5, subject: 6, detail: 7),
                named: "utf-8;\\x{FC}@a.example", detail: "no SMTPUTF8"),
            original: "ü@a.example", diagnostic: "no SMTPUTF8", reason: .contentRejected),
        Case(
            recipient: recipient(
                "a@a.example", .delayed, EnhancedStatus(class: 4, subject: 4, detail: 1),
                detail: "no answer", willRetryUntil: at.advanced(bySeconds: 86_400)),
            diagnostic: "no answer", reason: .networkError),
        Case(
            recipient: recipient(
                "a@a.example", .delivered, EnhancedStatus(class: 2, subject: 0, detail: 0),
                reply: "250 2.0.0 taken"), diagnostic: "250 2.0.0 taken"),
        Case(
            recipient: recipient(
                "a@a.example", .relayed, EnhancedStatus(class: 2, subject: 0, detail: 0),
                reply: "250 2.0.0 taken"), diagnostic: "250 2.0.0 taken"),
    ]

    @Test(arguments: cases)
    func isReadAgain(_ told: Case) throws {
        let report = try Self.report([told.recipient], envelopeID: "env+2B1")
        let read = try Self.read(report)
        #expect(read.isFormal)
        #expect(read.reportingMTA == "mx.ours.example")
        #expect(read.originalEnvelopeID == "env+1")
        #expect(read.arrivalDate == Self.at.advanced(bySeconds: -60).rfc5322Text)
        #expect(read.original?.messageID == "1@sender.example")
        #expect(read.recipients.count == 1)
        let recipient = try #require(read.recipients.first)
        #expect(recipient.finalAddress == told.recipient.address.wireText)
        #expect(recipient.originalAddress == told.original)
        #expect(recipient.action.rawValue == told.recipient.action.rawValue)
        #expect(recipient.status == told.recipient.status)
        #expect(recipient.remoteMTA == told.recipient.remoteMTA)
        #expect(recipient.diagnostic == told.diagnostic)
        #expect(recipient.lastAttemptDate == Self.at.rfc5322Text)
        #expect(recipient.willRetryUntil == told.recipient.willRetryUntil?.rfc5322Text)
        if told.recipient.action == .failed, told.reason != .undetermined {
            #expect(recipient.reason == told.reason)
        }
    }

    @Test func allRecipientsAreReadAgain() throws {
        let read = try Self.read(try Self.report(Self.cases.map(\.recipient)))
        #expect(read.recipients.count == Self.cases.count)
        #expect(read.action == .failed)
    }

    // MARK: The mail

    @Test func itIsNotAnswered() throws {
        let bytes = try Self.report([Self.cases[0].recipient]).bytes
        let header = HeaderBlock(bytes[...])
        #expect(header.first("From")?.text == "Mail Delivery System <MAILER-DAEMON@ours.example>")
        #expect(header.first("To")?.text == "s@sender.example")
        #expect(header.first("Auto-Submitted")?.text == "auto-replied")
        #expect(header.first("References")?.text == "<1@sender.example>")
        #expect(header.first("Subject")?.text == "Your mail could not be delivered")
        #expect(header.defects.isEmpty)
    }

    @Test(arguments: ["s@sender.example", "ü@sender.example"])
    func itIsSevenBit(_ sender: String) throws {
        var recipient = Self.cases[3].recipient
        recipient.reply = "550 nö\r\nBcc: x\u{0}"
        let original = Array("From: s@sender.example\r\nSubject: grüße\r\n\r\nkörper\r\n".utf8)
        let bytes = try Self.report([recipient], to: sender, original: .whole(original[...])).bytes
        #expect(bytes.allSatisfy { $0 > 0 && $0 < 127 })
        let message = MIMEMessage(bytes)
        #expect(message.defects.isEmpty)
        #expect(message.header.first("Bcc") == nil)
        let text = try #require(message.root.children.first).text()
        #expect(text.contains("<ü@a.example>"))
        let returned = try #require(message.root.children.last)
        #expect(returned.text().contains("Subject: grüße\r\n"))
        #expect(!returned.text().contains("körper"))
    }

    @Test func wordsOfOthersBeginNoField() throws {
        var recipient = Self.cases[0].recipient
        recipient.reply = "550 no\r\nAction: delivered\r\n\r\nFinal-Recipient: rfc822; x@y.z"
        recipient.remoteMTA = "mx\r\nStatus: 2.0.0"
        recipient.originalRecipient = "rfc822;x+0D+0AAction:+20delivered"
        let read = try Self.read(try Self.report([recipient], envelopeID: "x+0D+0AAction:+20y"))
        #expect(read.recipients.count == 1)
        #expect(read.action == .failed)
        #expect(read.recipients.first?.status == recipient.status)
    }

    /// RFC 3461 §4.3
    @Test(arguments: [(0, true), (4, false), (5, false)])
    func theMailIsReturnedWithAFailure(_ index: Int, _ isWhole: Bool) throws {
        let report = try Self.report(
            [Self.cases[index].recipient], original: .whole(Self.mail[...]))
        let returned = try #require(MIMEMessage(report.bytes).root.children.last)
        let text = String(decoding: report.bytes, as: UTF8.self)
        #expect(text.contains("\r\nbody\r\n") == isWhole)
        #expect(text.contains(isWhole ? "message/rfc822" : "text/rfc822-headers"))
        #expect(!returned.header.fields.isEmpty)
    }

    @Test func whatIsReturnedHasAnEnd() throws {
        let most = DeliveryReportMail.returnedBytesMax - Self.header.count
        for (count, isWhole) in [(most, true), (most + 1, false)] {
            let mail = Self.header + [UInt8](repeating: 120, count: count)
            let bytes = try Self.report(
                [Self.cases[0].recipient], original: .whole(mail[...])
            ).bytes
            #expect((bytes.count < count) == !isWhole)
        }
        let fields = (0..<1_000).map { "X-\($0): \(String(repeating: "x", count: 90))\r\n" }
        let header = Array((fields.joined() + "\r\n").utf8)
        let bytes = try Self.report(
            [Self.cases[0].recipient], original: .header(header[...])
        ).bytes
        #expect(bytes.count < DeliveryReportMail.headerBytesMax + 4_000)
    }
}
