import MailFlow
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct MailFactsReaderTests {
    private static let id = MailID(at: Timestamp(milliseconds: 0), random: CountingRandom())
    private static let raw =
        "Authentication-Results: mx.ours.example; dkim=pass\r\nSubject: x\r\n\r\nthe text\r\n"
    private let bodies = ScriptedBodies()

    private func mail(isInFile: Bool = false) throws -> (MailRecord, MailContent) {
        let head = "Return-Path: <>\r\nSubject: of the block\r\n"
        let stored = ByteBuffer(string: head + Self.raw)
        let envelope = ReceivedEnvelope(
            mailFrom: .null, recipients: [try #require(Mailbox("a@ours.example"))],
            helo: "mail.sender.example", peerAddress: "192.0.2.7", peerName: .absent, tls: nil,
            isExtended: true, isSMTPUTF8: false, is8BitMIME: false)
        let record = MailRecord(
            id: Self.id, account: .main, receivedAt: Timestamp(milliseconds: 0), state: .acting,
            envelope: envelope, ruleSetVersion: "v", isUntaken: false,
            bodyPlace: isInFile ? .file : .row, headLength: head.utf8.count,
            totalLength: stored.readableBytes, checksum: 0)
        bodies.state.withLock { $0.files[Self.id] = stored }
        return (record, isInFile ? .file(path: "", length: stored.readableBytes) : .bytes(stored))
    }

    private var reader: MailFactsReader {
        MailFactsReader(bodies: bodies, returnPaths: nil, guesser: nil)
    }

    /// The mail's own header section, and not the block that we put before it.
    @Test(arguments: [false, true], [MailFacts.Needs.header, [.header, .body]])
    func readsTheMailAsItCame(_ isInFile: Bool, _ needs: MailFacts.Needs) throws {
        let (record, content) = try mail(isInFile: isInFile)
        let facts = try reader.facts(of: record, content, for: needs)
        #expect(facts.header.value?.all("Subject").map(\.text) == ["x"])
        #expect(facts.header.value?.all("Return-Path").isEmpty == true)
        #expect(facts.body.value == (needs.contains(.body) ? "the text\r\n" : nil))
        #expect(facts.size.value == Self.raw.utf8.count)
        #expect(facts.attachments.value == nil)
    }

    /// What a mail says in our name is no fact.
    @Test func hidesWhatClaimsToBeOurs() throws {
        var (record, content) = try mail()
        var verdicts = VerdictRecord()
        verdicts.forgedFields = [VerdictRecord.ByteSpan(start: 0, length: 52)]
        verdicts.dkim = VerdictRecord.Finding(.fail)
        verdicts.dkimDomains = ["sender.example"]
        verdicts.spamScore = 2.5
        record.verdicts = verdicts
        let facts = try reader.facts(of: record, content, for: .header)
        #expect(facts.header.value?.fields.map(\.name) == ["Subject"])
        #expect(facts.verdicts.value?.statuses[.dkim] == .fail)
        #expect(facts.verdicts.value?.dkimDomains == ["sender.example"])
        #expect(facts.verdicts.value?.spamScore == 2.5)
        #expect(facts.verdicts.value?.listScore == nil)
        // Nobody is asked what nobody asks for.
        content = .file(path: "", length: 0)
        bodies.state.withLock { $0.files = [:] }
        #expect(try reader.facts(of: record, content, for: .screening).header.value == nil)
        #expect(throws: StorageFailure.self) {
            try reader.facts(of: record, content, for: .header)
        }
    }

    @Test func saysThatTheRawHasExpired() throws {
        let facts = try reader.facts(of: try mail().0, nil, for: [.header, .body])
        guard case .unknown(let reason) = facts.header else {
            Issue.record("the header is known")
            return
        }
        #expect(reason == "the raw mail has expired")
        #expect(facts.mailFrom.value == .null)
    }
}

extension Fact {
    fileprivate var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }
}
