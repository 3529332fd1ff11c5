import Foundation
import MailFlow
import MailModel
import NIOCore
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct InboundFlowTests {
    private static func rule(
        _ name: String, _ recipients: [RecipientCondition], tls: ReceiptRule.TLSPolicy = .optional,
        isEnabled: Bool = true
    ) -> ReceiptRule {
        ReceiptRule(
            name: name, isEnabled: isEnabled, tlsPolicy: tls, recipients: recipients, actions: [],
            isScanEnabled: false)
    }

    private static let ruleSet = ReceiptRuleSet(
        name: "test",
        rules: [
            rule("named", [.address(localPart: "ada", domain: "ours.example")]),
            rule("below", [.subdomains(of: "ours.example")]),
            rule("off", [.address(localPart: "off", domain: "ours.example")], isEnabled: false),
            rule("tls", [.address(localPart: "tls", domain: "ours.example")], tls: .require),
            rule("both", [.address(localPart: "both", domain: "ours.example")], tls: .require),
            rule("both-2", [.address(localPart: "both", domain: "ours.example")]),
            rule("address", [.address(localPart: "eve", domain: "lone.example")]),
            rule("foreign", [.domain("foreign.example")]),
        ])

    enum Answer: Equatable { case taken, unknown, tlsRequired }

    @Test(arguments: [
        ("ada@ours.example", false, Answer.taken), ("ADA+x@Ours.Example", false, .taken),
        ("bob@ours.example", false, .unknown), ("off@ours.example", false, .unknown),
        ("bob@a.ours.example", false, .taken), ("bob@b.a.ours.example", false, .taken),
        ("tls@ours.example", false, .tlsRequired), ("tls@ours.example", true, .taken),
        ("both@ours.example", false, .taken), ("eve@lone.example", false, .taken),
        ("adam@lone.example", false, .unknown), ("bob@foreign.example", false, .unknown),
        ("postmaster@ours.example", false, .taken), ("Postmaster@a.ours.example", false, .taken),
        ("postmaster@mx.ours.test", false, .taken), ("postmaster@foreign.example", false, .unknown),
        ("postmaster@lone.example", false, .unknown),
    ])
    func admitsRecipients(_ text: String, isTLS: Bool, answer: Answer) async throws {
        let receiving = try await Receiving(
            rules: Self.ruleSet, identities: ["ours.example", "eve@lone.example"])
        let mailbox = try #require(Mailbox(text))
        let admission = receiving.admit(.mailbox(mailbox), isTLS: isTLS)
        switch answer {
        case .taken: #expect(admission == .admitted(mailbox))
        case .unknown: #expect(admission == .refused(.recipientUnknown))
        case .tlsRequired: #expect(admission == .refused(.tlsRequired))
        }
    }

    @Test func completesBarePostmaster() async throws {
        let receiving = try await Receiving(identities: [])
        let expected = try #require(Mailbox("postmaster@mx.ours.test"))
        #expect(receiving.admit(.postmaster) == .admitted(expected))
    }

    /// Without filters, too: what cannot be read could not be blocked.
    @Test(arguments: ["", "fe80::1%eth0", "192.0.2.1:25", "unix:/run/socket"])
    func refusesPeersWhoseAddressCannotBeRead(_ address: String) async throws {
        let receiving = try await Receiving()
        #expect(receiving.flow.admit(peerAddress: address) == .refused(.peerBlocked))
    }

    @Test func takesNoMailOnceClosed() async throws {
        let receiving = try await Receiving()
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .admitted)
        receiving.flow.close()
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .refused(.shuttingDown))
        guard case .failure(.shuttingDown) = receiving.open() else {
            Issue.record("a mail was opened")
            return
        }
    }

    /// The declared size counts against the room that is left.
    @Test func takesNoMailWithoutRoom() async throws {
        let receiving = try await Receiving()
        receiving.room.bytes.withLock { $0 = 1_000 }
        guard case .success = receiving.open(declaredSize: 999) else {
            Issue.record("refused below the room")
            return
        }
        guard case .failure(.insufficientStorage) = receiving.open(declaredSize: 1_000) else {
            Issue.record("taken beyond the room")
            return
        }
    }

    @Test func stampsAndMarks() async throws {
        let receiving = try await Receiving(rules: Self.ruleSet)
        let first = try await receiving.receive("Subject: a\r\n\r\n")
        let version = receiving.rules.current.version
        try await receiving.rules.activate(
            ReceiptRuleSet(name: "other", rules: []), at: receiving.time.now())
        let second = try await receiving.receive("\r\n", to: ["postmaster@ours.example"])
        guard case .accepted(let one) = first, case .accepted(let two) = second else {
            Issue.record("refused: \(first), \(second)")
            return
        }
        let taken = try #require(try await receiving.store.mail(one))
        let untaken = try #require(try await receiving.store.mail(two))
        #expect(taken.ruleSetVersion == version && !taken.isUntaken)
        #expect(untaken.ruleSetVersion == receiving.rules.current.version && untaken.isUntaken)
        let earlier = try await receiving.rules.evaluator(ofVersion: version)
        #expect(earlier.ruleSet == Self.ruleSet)
    }

    /// A name that leads back is written; what anyone may write into their zone is not.
    @Test(arguments: [
        (PeerName.verified(Domain(validatedASCII: "mail.example")), "mail.example"),
        (.unconfirmed(Domain(validatedASCII: "bank.example")), "unknown"), (.absent, "unknown"),
        (.unknown, "unknown"),
    ])
    func namesThePeer(_ name: PeerName, _ text: String) async throws {
        let receiving = try await Receiving()
        let intake = try receiving.open { $0.peerName = name }.get()
        _ = intake.append(ByteBuffer(string: "\r\n"), onDrain: {})
        guard case .accepted(let id) = await intake.finish() else {
            Issue.record("refused")
            return
        }
        let record = try #require(try await receiving.store.mail(id))
        #expect(record.envelope.peerName == name)
        let content = String(buffer: try await receiving.store.content(of: record))
        #expect(content.contains("Received: from client.example (\(text) [192.0.2.1])\r\n"))
    }

    @Test func looksForTheNamesOfAdmittedPeers() async throws {
        let zone = ZoneResolver()
        let receiving = try await Receiving(resolver: zone)
        #expect(receiving.flow.peerName(of: "192.0.2.1") == .unknown)
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .admitted)
        while receiving.flow.peerName(of: "192.0.2.1") == .unknown { await Task.yield() }
        #expect(zone.asked == ["ptr 1.2.0.192.in-addr.arpa"])
    }

    /// D5: a clock that jumps by a day makes no later mail sort before an earlier one, and says
    /// when it thinks that the mail came.
    @Test func idsSortAsMailsCame() async throws {
        let receiving = try await Receiving()
        var last: MailRecord?
        for jump: Int64 in [0, -86_400, 1, 2 * 86_400, -86_400, -86_400, 3 * 86_400] {
            receiving.time.advance(seconds: jump)
            guard case .accepted(let id) = try await receiving.receive("\r\n") else {
                Issue.record("refused")
                return
            }
            let mail = try #require(try await receiving.store.mail(id))
            #expect(mail.receivedAt == receiving.time.now())
            // Twelve characters hold the milliseconds; what follows is chance.
            if let last { #expect(mail.id.text.prefix(9) >= last.id.text.prefix(9)) }
            last = mail
        }
    }

    @Test func writesOurHeaderBlock() async throws {
        let receiving = try await Receiving()
        let sender = try #require(Mailbox("\"a b\"@sender.example"))
        let intake = try receiving.open { envelope in
            envelope.mailFrom = .mailbox(sender)
            envelope.helo = "evil (comment)\u{e9}"
            envelope.peerAddress = "2001:db8::1"
            envelope.tls = "TLSv1.3"
        }.get()
        _ = intake.append(ByteBuffer(string: "Subject: x\r\n\r\n"), onDrain: {})
        guard case .accepted(let id) = await intake.finish() else {
            Issue.record("refused")
            return
        }
        let record = try #require(try await receiving.store.mail(id))
        let content = String(buffer: try await receiving.store.content(of: record))
        let lines = content.components(separatedBy: "\r\n")
        #expect(lines[0] == "Return-Path: <\"a b\"@sender.example>")
        #expect(
            lines[1] == "Received: from evil??comment??? (unknown [IPv6:2001:db8::1])")
        #expect(lines[2] == " by mx.ours.test with ESMTPS id \(id)")
        #expect(lines[3] == " for <ada@ours.example>;")
        #expect(lines[4] == " Mon, 21 Sep 2026 14:13:20 +0000 (UTC)")
        #expect(lines[5] == "Authentication-Results: mx.ours.test; none")
        #expect(lines[6].hasPrefix("X-SES-RECEIPT: "))
        #expect(lines[7...] == ["Subject: x", "", ""])
        #expect(record.headLength == content.utf8.count - "Subject: x\r\n\r\n".utf8.count)
    }
}

@Suite struct AddressFiltersTests {
    private func filters(_ entries: [(AddressFilters.Policy, String)]) throws -> AddressFilters {
        AddressFilters(
            try entries.map { policy, text in
                AddressFilters.Filter(
                    name: text, policy: policy, block: try #require(CIDRBlock(text)))
            })
    }

    @Test(arguments: [
        ("192.0.2.1", false), ("192.0.2.77", true), ("198.51.100.1", true), ("2001:db8::1", false),
        ("2001:db9::1", true), ("::ffff:192.0.2.1", false),
    ])
    func allowBeatsBlock(_ address: String, isAdmitted: Bool) throws {
        let entries: [(AddressFilters.Policy, String)] = [
            (.block, "192.0.2.0/24"), (.allow, "192.0.2.64/26"), (.block, "2001:db8::/32"),
        ]
        let address = try #require(IPAddress(address))
        #expect(try filters(entries).admits(address) == isAdmitted)
        #expect(try filters(entries.reversed()).admits(address) == isAdmitted)
    }
}
