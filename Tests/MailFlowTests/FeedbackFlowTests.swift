import Accounts
import Foundation
import MailFlow
import MailModel
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// What follows from what comes back, through the whole way of a received mail.
@Suite(.timeLimit(.minutes(1))) struct FeedbackFlowTests {
    private static let folder = "feedback"

    private static func mail(_ name: String, _ path: String) throws -> String {
        try ProjectFiles.text(ProjectFiles.fixture("\(folder)/\(name).eml"))
            .replacing("{{path}}", with: path).replacing("\n", with: "\r\n")
    }

    /// Receives the fixture `name` at `recipients`, by default the return path of `queued`, and
    /// waits until it is done with.
    @discardableResult
    private static func comes(
        _ name: String, about queued: QueuedRecipient, to recipients: [String]? = nil,
        _ acting: Acting
    ) async throws -> MailID {
        let path = acting.returnPath(of: queued)
        let id = try await acting.receive(try mail(name, path), to: recipients ?? [path])
        await acting.ended.retirement(of: id)
        return id
    }

    /// All that is to be seen of it, for eyes and version control.
    private static func outcome(
        _ acting: Acting, _ queued: QueuedRecipient, _ mail: MailID
    ) async throws -> String {
        let recipient = try await acting.recipient(queued)
        let listed = try await acting.listed()
        let journal = try await acting.receiving.store.actions(of: mail)
        let object: [String: Any] = [
            "events": try await acting.events(),
            "journal": journal.map { "\($0.key.rule) \($0.state.rawValue): \($0.detail)" },
            "recipient": [
                "detail": recipient.detail ?? "", "state": recipient.state.rawValue,
            ],
            "reports": try await acting.reports(),
            "suppression": listed.map { ["\($0.reason.rawValue)", $0.evidence ?? ""] } ?? [],
        ]
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// Who each comes to, where it is no return path.
    private static let loops = [
        "complaint-of-a-loop": "abuse@mx.ours.test",
        "complaint-of-a-loop-by-field": "postmaster@mx.ours.test",
        "complaint-of-a-stranger": "abuse@mx.ours.test",
    ]

    static var names: [String] {
        get throws {
            try ProjectFiles.fixtures(in: folder, ending: ".eml").map { String($0.dropLast(4)) }
        }
    }

    @Test(arguments: try names)
    func follows(_ name: String) async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send(
                notification: DeliveryNotification(occasions: [.success, .failure]))
            let id = try await Self.comes(
                name, about: queued, to: Self.loops[name].map { [$0] }, acting)
            let actual = try await Self.outcome(acting, queued, id)
            let path = ProjectFiles.fixture("\(Self.folder)/\(name).json")
            #expect(actual == (try Golden.text(path, updatedTo: actual)))
            #expect(try await acting.receiving.store.mail(id)?.isUntaken == false)
        }
    }

    /// A next hop that was told of NOTIFY reports to us: its word goes on to who asked for it.
    @Test(arguments: [(DeliveryNotification.Occasions.delay, 1), (.failure, 0)])
    func aDelayElsewhereIsToldOn(
        _ occasions: DeliveryNotification.Occasions, _ reports: Int
    ) async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send(
                notification: DeliveryNotification(occasions: occasions))
            for _ in 0..<2 { try await Self.comes("delay", about: queued, acting) }
            #expect(try await acting.reports() == reports)
        }
    }

    // MARK: Once

    @Test(arguments: ["bounce", "delay", "complaint", "away"])
    func isToldOnce(_ name: String) async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send()
            try await Self.comes(name, about: queued, acting)
            let (kinds, reports) = (try await acting.kinds(), try await acting.reports())
            #expect(kinds.count == 1)
            let again = try await Self.comes(name, about: queued, acting)
            #expect(try await acting.kinds() == kinds)
            #expect(try await acting.reports() == reports)
            let journal = try await acting.receiving.store.actions(of: again)
            #expect(journal.first?.detail.hasSuffix("known before") == true)
        }
    }

    /// Who got the mail can write such news without end: in turn, and in other words each time.
    @Test func newsOfOneMailHaveAnEnd() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send(
                notification: DeliveryNotification(occasions: [.success, .delay]))
            for _ in 0..<3 {
                for name in ["delay", "success", "away", "complaint-not-spam"] {
                    try await Self.comes(name, about: queued, acting)
                }
            }
            #expect(
                try await acting.kinds() == [
                    "DeliveryDelay", "Bounce Transient/General", "Complaint",
                ])
            #expect(try await acting.reports() == 2)
            try await Self.comes("bounce", about: queued, acting)
            try await Self.comes("complaint", about: queued, acting)
            #expect(try await acting.kinds().count == 5)
        }
    }

    /// Who has bounced may complain; of who has complained nothing else is told.
    @Test func aComplaintIsTheLastWord() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send()
            for name in ["away", "bounce", "away", "complaint", "bounce", "delay", "away"] {
                try await Self.comes(name, about: queued, acting)
            }
            #expect(
                try await acting.kinds() == [
                    "Bounce Transient/General", "Bounce Permanent/General", "Complaint",
                ])
            #expect(try await acting.recipient(queued).state == .complained)
        }
    }

    /// The list knows the stronger reason, whichever mail it came of.
    @Test func whoHasComplainedStaysListedForThat() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let first = try await acting.send()
            let second = try await acting.send()
            try await Self.comes("complaint", about: first, acting)
            try await Self.comes("bounce", about: second, acting)
            #expect(try await acting.recipient(second).state == .bounced)
            #expect(try await acting.listed()?.reason == .complaint)
        }
    }

    // MARK: Whom it is about

    @Test func whatWasNeverSentChangesNothing() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send()
            var forged = acting.returnPath(of: queued)
            forged.replaceSubrange(
                ...forged.startIndex, with: forged.hasPrefix("0") ? "1" : "0")
            let mailbox = try #require(Mailbox(forged))
            #expect(
                acting.receiving.admit(.mailbox(mailbox), isTLS: true)
                    == .refused(.recipientUnknown))
            #expect(try await acting.recipient(queued) == queued.recipient)
        }
    }

    /// A token is good for as long as the mail's records are kept, and for nothing after that.
    @Test(arguments: ["bounce", "delay", "complaint", "away"])
    func whatIsNoLongerKnownChangesNothing(_ name: String) async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let store = acting.receiving.store
            let queued = try await acting.send()
            let past = queued.mail.acceptedAt.advanced(bySeconds: 1)
            #expect(try await store.expireSent(acceptedBefore: past, limit: 1) == 1)
            let id = try await Self.comes(name, about: queued, acting)
            #expect(
                try await store.actions(of: id).map(\.detail) == [
                    "mail \(queued.mail.id) is no longer known"
                ])
            #expect(try await acting.kinds() == [])
            #expect(try await acting.listed() == nil)
            #expect(try await acting.reports() == 0)
        }
    }

    /// Whoever has to complain of mails that are sent from here is heard, whatever the rules.
    @Test(arguments: [
        ("postmaster@mx.ours.test", true, true), ("Abuse@MX.ours.test", true, false),
        ("abuse@ours.example", false, false), ("shop@mx.ours.test", false, false),
        ("abuse@far.example", false, false), ("postmaster@far.example", false, false),
    ])
    func takesWhatIsADuty(_ address: String, whereMailIsSent: Bool, elsewhere: Bool) async throws {
        let path = ForwardPath.mailbox(try #require(Mailbox(address)))
        for (sends, isTaken) in [(true, whereMailIsSent), (false, elsewhere)] {
            let receiving = try await Receiving(
                rules: ReceiptRuleSet(name: "none", rules: []), sends: sends)
            let admission = receiving.admit(path)
            #expect((admission != .refused(.recipientUnknown)) == isTaken)
        }
    }

    /// Its address has proven what counts: nobody is asked what else it is.
    @Test func isNotJudged() async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting.sending(judge: judge)
        try await acting.run { acting in
            let queued = try await acting.send()
            try await Self.comes("bounce", about: queued, acting)
            #expect(judge.judged == [])
            let mixed = try await Self.comes(
                "away", about: queued,
                to: [acting.returnPath(of: queued), "ada@ours.example"], acting)
            #expect(judge.judged == [mixed])
        }
    }

    /// A mail may come to a return path and to an address of ours: each gets its own.
    @Test func rulesRunOverTheOtherRecipients() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send()
            let path = acting.returnPath(of: queued)
            let id = try await Self.comes(
                "bounce", about: queued, to: ["ada@ours.example", path], acting)
            #expect(
                try await acting.journal(id) == ["(feedback)/0:done", "all/0:done"])
            #expect(acting.storedFiles == ["\(id)"])
            #expect(try await acting.kinds() == ["Bounce Permanent/General"])
        }
    }

    // MARK: When

    /// A server may be faster than our note that it took the mail: that is waited for once.
    @Test func whatIsNotNotedAsSentYetIsWaitedFor() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send(state: .queued)
            let path = acting.returnPath(of: queued)
            let id = try await acting.receive(try Self.mail("bounce", path), to: [path])
            await acting.ended.tries(1)
            #expect(try await acting.kinds() == [])
            try await acting.pass(seconds: 20, until: id, is: .retired)
            #expect(try await acting.kinds() == ["Bounce Permanent/General"])
            #expect(try await acting.recipient(queued).state == .bounced)
        }
    }

    /// It comes to the name that the mail left with, whatever the names are meanwhile: a domain that
    /// is no return path's any more, or a former one of the server's, which nobody knows.
    @Test(arguments: ["bounce.ours.example", "former.test"])
    func comesBackToANameOfBefore(_ name: String) async throws {
        let acting = try await Acting.sending()
        let ours = Domain(validatedASCII: "ours.example")
        try await acting.run { acting in
            let senders = try #require(acting.receiving.senders)
            _ = try await senders.setMailFrom("bounce.ours.example", .useDefaultValue, of: ours)
            var queued = try await acting.send()
            queued.mail.returnDomain = Domain(validatedASCII: name)
            _ = try await senders.clearMailFrom(of: ours)
            let path = acting.returnPath(of: queued)
            #expect(path.hasSuffix("@\(name)"))
            let mailbox = try #require(Mailbox(path))
            #expect(acting.receiving.admit(.mailbox(mailbox)) == .admitted(mailbox))
            let id = try await Self.comes("bounce", about: queued, acting)
            #expect(try await acting.receiving.store.mail(id)?.isUntaken == false)
            #expect(try await acting.kinds() == ["Bounce Permanent/General"])
            #expect(try await acting.recipient(queued).state == .bounced)
        }
    }

    /// Before it is looked at once more nothing is sent here any more: then nobody waits for it.
    @Test func whatIsWaitedForHasAnEnd() async throws {
        let acting = try await Acting(
            [
                ReceiptRule(
                    name: "all", isEnabled: true, tlsPolicy: .optional, recipients: [],
                    actions: [.store(bucket: "mail", prefix: nil, topic: nil, onFailure: .hold)],
                    isScanEnabled: false)
            ])
        acting.objects.isFailing.withLock { $0 = true }
        try await acting.run { acting in
            let id = try await acting.receive()
            await acting.ended.tries(1)
            let now = acting.receiving.time.now()
            let key = ActionKey(rule: "(feedback)", position: 0)
            try await acting.receiving.store.record([
                MailProgress(
                    mail: id,
                    actions: [
                        ActionRecord(
                            mail: id, key: key, kind: "feedback", state: .retrying, attempts: 1,
                            firstAttemptAt: now, lastAttemptAt: now,
                            nextAttemptAt: now.advanced(bySeconds: 10), disposition: .continueOn,
                            detail: "not noted as sent yet")
                    ], deliveries: [], newState: nil, nextAttemptAt: now.advanced(bySeconds: 10))
            ])
            acting.objects.isFailing.withLock { $0 = false }
            try await acting.pass(seconds: 60, until: id, is: .retired)
            let journal = try await acting.receiving.store.actions(of: id)
            #expect(journal.first { $0.key == key }?.state == .dead)
        }
    }

    @Test func aMailInAFileIsRead() async throws {
        let acting = try await Acting.sending()
        try await acting.run { acting in
            let queued = try await acting.send()
            let path = acting.returnPath(of: queued)
            let line = "X-Padding: \(String(repeating: "x", count: 900))\r\n"
            let padding = String(repeating: line, count: 100)
            let id = try await acting.receive(
                padding + (try Self.mail("bounce", path)), to: [path])
            await acting.ended.retirement(of: id)
            #expect(try await acting.receiving.store.mail(id)?.bodyPlace == .file)
            #expect(try await acting.kinds() == ["Bounce Permanent/General"])
        }
    }
}
