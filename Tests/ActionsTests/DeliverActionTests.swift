import Actions
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct DeliverActionTests {
    private final class ScriptedMaildirs: MaildirStore {
        let mails = Mutex<[MaildirMail]>([])
        let refused: String?

        init(refused: String? = nil) { self.refused = refused }

        func put(_ mails: [MaildirMail]) async -> [Result<Void, ObjectStoreFailure>] {
            self.mails.withLock { $0 += mails }
            return mails.map { mail in
                mail.place.parts.last == refused ? .failure(.failed("no room")) : .success(())
            }
        }
    }

    private static func perform(
        _ pattern: String, to recipients: [String], store: ScriptedMaildirs, attempt: Int = 1,
        lastDetail: String = "",
        startedAt: Timestamp = TestMail.receivedAt
    ) async throws -> ActionResult {
        var actions = ActionFixture().actions
        actions.maildirs = Maildirs(
            ["home": try MaildirPattern(pattern)], store: store, hostname: "mx.ours.example",
            startedAt: startedAt)
        let block = "Return-Path: <ada@sender.example>\r\nReceived: from x\r\n"
        var mail = TestMail(block + "Subject: a\r\n\r\nbody\r\n")
        mail.headLength = block.utf8.count
        mail.to = recipients
        var task = mail.task(.deliver(maildir: "home"), position: 2)
        task.attempt = attempt
        task.lastDetail = lastDetail
        return await actions.perform([task])[0]
    }

    @Test func eachMaildirHasOneFile() async throws {
        let store = ScriptedMaildirs()
        let result = try await Self.perform(
            "/m/${recipientUser}",
            to: ["Ada@ours.example", "bob@ours.example", "ada+x@ours.example"], store: store)
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "/m/ada, /m/bob")
        let mails = store.mails.withLock { $0 }
        #expect(mails.map(\.place.path) == ["/m/ada", "/m/bob"])
        #expect(
            mails.map { String(buffer: $0.front) } == [
                "Return-Path: <ada@sender.example>\r\nDelivered-To: Ada@ours.example\r\n"
                    + "Delivered-To: ada+x@ours.example\r\nReceived: from x\r\n",
                "Return-Path: <ada@sender.example>\r\nDelivered-To: bob@ours.example\r\n"
                    + "Received: from x\r\n",
            ])
        #expect(
            Set(mails.map(\.name)) == ["1565040602.\(TestMail.id)-rule-2.mx.ours.example"])
    }

    /// Only what an earlier server may have delivered is looked for among what was read.
    @Test(arguments: [(1, 0, false), (2, 0, true), (1, 1, true)] as [(Int, Int64, Bool)])
    func knowsWhatMayBeThere(_ attempt: Int, _ seconds: Int64, _ mayBeThere: Bool) async throws {
        let store = ScriptedMaildirs()
        _ = try await Self.perform(
            "/m/all", to: ["ada@ours.example"], store: store, attempt: attempt,
            startedAt: TestMail.receivedAt.advanced(bySeconds: seconds))
        #expect(store.mails.withLock { $0.map(\.mayBeThere) } == [mayBeThere])
    }

    /// Who has the mail already may have filed or deleted it: it does not come again because
    /// somebody else's Maildir is full.
    @Test func onlyMaildirsThatFailedAreTriedAgain() async throws {
        let to = ["ada@ours.example", "bob@ours.example", "cy@ours.example"]
        let store = ScriptedMaildirs(refused: "bob")
        let pattern = "/m, n;/${recipientUser}"
        let first = try await Self.perform(pattern, to: to, store: store)
        #expect(first.ending == .failed)
        #expect(first.detail == "in /m%2C n%3B/ada, /m%2C n%3B/cy; no room")
        let second = try await Self.perform(
            pattern, to: to, store: store, attempt: 2, lastDetail: first.detail)
        #expect(second.ending == .failed)
        #expect(second.detail == first.detail)
        let third = try await Self.perform(
            pattern, to: to, store: ScriptedMaildirs(), attempt: 3, lastDetail: second.detail)
        #expect(third.ending == .done(.continueOn))
        #expect(third.detail == "/m, n;/ada, /m, n;/bob, /m, n;/cy")
        #expect(
            store.mails.withLock { $0.map(\.place.parts) } == [["ada"], ["bob"], ["cy"], ["bob"]])
    }

    /// Words of a failure are no places, whatever they say.
    @Test(arguments: ["", "no such maildir: home", "mkdir in /m/ada, /m/bob: no room", "in"])
    func whatFailedWholeIsTriedWhole(_ lastDetail: String) async throws {
        let store = ScriptedMaildirs(refused: "ada")
        let result = try await Self.perform(
            "/m/${recipientUser}", to: ["ada@ours.example"], store: store, attempt: 2,
            lastDetail: lastDetail)
        #expect(result.detail == "no room")
        #expect(store.mails.withLock { $0.count } == 1)
    }

    @Test func aNameThatIsGoneIsTriedAgain() async {
        let result = await ActionFixture().perform(.deliver(maildir: "home"))
        #expect(result.ending == .failed)
        #expect(result.detail == "no such maildir: home")
    }
}
