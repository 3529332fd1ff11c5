import Actions
import NIOCore
import RuleEngine
import Storage
import TestSupport
import Testing

@Suite struct StoreActionTests {
    private static func action(
        _ bucket: String = "mail", prefix: String? = nil, topic: String? = nil
    ) -> ReceiptAction {
        .store(bucket: bucket, prefix: prefix, topic: topic, onFailure: .hold)
    }

    static let keys: [(prefix: String?, key: String)] = [
        (nil, "\(TestMail.id)"), ("", "\(TestMail.id)"), ("a", "a/\(TestMail.id)"),
        ("a/", "a/\(TestMail.id)"), ("a/b", "a/b/\(TestMail.id)"), ("a/b/", "a/b/\(TestMail.id)"),
    ]

    /// SES: a prefix is a folder, with its slash or without.
    @Test(arguments: keys)
    func theKeyIsThePrefixAndTheId(_ prefix: String?, key: String) async throws {
        let fixture = ActionFixture()
        let result = await fixture.perform(Self.action(prefix: prefix))
        let object = try #require(fixture.objects.calls.first?.first)
        #expect(object.bucket == "mail")
        #expect(object.key == key)
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "mail/\(key)")
    }

    @Test func addedHeadersStandBeforeTheMail() async throws {
        var mail = TestMail("Subject: a\r\n\r\nbody")
        mail.addedHeaders = ["X-A: 1", "X-B: 2"]
        let fixture = ActionFixture()
        _ = await fixture.perform(Self.action(), on: mail)
        let object = try #require(fixture.objects.calls.first?.first)
        #expect(
            ScriptedObjects.bytes(object)
                == Array("X-A: 1\r\nX-B: 2\r\nSubject: a\r\n\r\nbody".utf8))
    }

    static let removals: [(removed: [String], expected: String)] = [
        (["x-a"], "X-New: 1\r\nSubject: a\r\nX-B: 2\r\n\r\nX-A: body\r\n"),
        (
            ["x-b", "x-none"],
            "X-New: 1\r\nx-a: 1\r\n more\r\nSubject: a\r\nX-A: 3\r\n\r\nX-A: body\r\n"
        ),
        (["x-b", "x-a", "subject"], "X-New: 1\r\n\r\nX-A: body\r\n"),
        (
            ["x-none"],
            "X-New: 1\r\nx-a: 1\r\n more\r\nSubject: a\r\nX-A: 3\r\nX-B: 2\r\n\r\nX-A: body\r\n"
        ),
    ]

    /// All fields of a name, with the lines that continue them; and nothing of the body.
    @Test(arguments: removals)
    func removedHeadersAreNotThere(_ removed: [String], _ expected: String) async throws {
        var mail = TestMail(
            "x-a: 1\r\n more\r\nSubject: a\r\nX-A: 3\r\nX-B: 2\r\n\r\nX-A: body\r\n")
        mail.removedHeaders = removed
        mail.addedHeaders = ["X-New: 1"]
        let fixture = ActionFixture()
        _ = await fixture.perform(Self.action(), on: mail)
        let object = try #require(fixture.objects.calls.first?.first)
        #expect(String(decoding: ScriptedObjects.bytes(object), as: UTF8.self) == expected)
    }

    /// Without added lines the object's bytes are the file's, and so it may be a link to it.
    @Test func aFileMayBeLinked() async throws {
        var mail = TestMail()
        mail.isInFile = true
        let fixture = ActionFixture()
        let result = await fixture.perform(Self.action(), on: mail)
        #expect(result.ending == .done(.continueOn))
        let object = try #require(fixture.objects.calls.first?.first)
        #expect(object.prefix == nil)
        guard case .file(let path, 0, let length) = object.content else {
            Issue.record("the object is the file")
            return
        }
        #expect(path == "/bodies/\(TestMail.id)")
        #expect(length == mail.content.count)
    }

    static let failures: [(ObjectStoreFailure, String)] = [
        (.noSuchBucket("mail"), "no such bucket: mail"), (.failed("no room"), "no room"),
    ]

    @Test(arguments: failures)
    func aFailureIsTriedAgainAndToldToNobody(
        _ failure: ObjectStoreFailure, detail: String
    ) async {
        let fixture = ActionFixture()
        fixture.objects.fail("mail", failure)
        let result = await fixture.perform(Self.action(topic: "received"))
        #expect(result.ending == .failed)
        #expect(result.detail == detail)
        #expect(result.deliveries.isEmpty)
    }

    /// A mail that is stored stays stored, though nobody can be told.
    @Test func aTopicThatIsNotThereDoesNotUndoIt() async {
        let result = await ActionFixture().perform(Self.action(topic: "gone"))
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "mail/\(TestMail.id); not told: no such topic: gone")
    }

    @Test func aMailWhoseHeadersCannotBeReadIsStoredAllTheSame() async {
        var mail = TestMail()
        mail.isInFile = true
        let result = await ActionFixture().perform(Self.action(topic: "received"), on: mail)
        #expect(result.ending == .done(.continueOn))
        #expect(
            result.detail
                == "mail/\(TestMail.id); not told: stored data is damaged: unreadable")
    }

    /// All objects of a batch go in one call, so that they share their syncs; results keep the
    /// order of the tasks.
    @Test func aBatchIsStoredAtOnce() async {
        let fixture = ActionFixture()
        fixture.objects.fail("full", .failed("no room"))
        let actions: [ReceiptAction] = [
            Self.action(prefix: "1"), .addHeader(name: "X-A", value: "b"), Self.action("full"),
            .notify(topic: "received", encoding: .utf8), Self.action(prefix: "2"),
        ]
        let results = await fixture.actions.perform(actions.map { TestMail().task($0) })
        #expect(
            fixture.objects.calls.map { $0.map(\.bucket) } == [
                ["mail", "full", "mail"]
            ])
        #expect(
            results.map(\.detail)
                == ["mail/1/\(TestMail.id)", "", "no room", "received", "mail/2/\(TestMail.id)"])
        #expect(results[2].ending == .failed)
    }

    @Test func nothingIsNothing() async {
        let fixture = ActionFixture()
        #expect(await fixture.actions.perform([]).isEmpty)
        #expect(fixture.objects.calls.isEmpty)
    }
}
