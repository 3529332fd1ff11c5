import Actions
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// What is done once for several recipients whose rules are asked apart, and what is not.
@Suite struct SamenessTests {
    private static let people = ["ada@e.test", "bob@e.test", "eve@e.test"]

    /// Of an action that is done for one of `people`.
    private static func task(
        _ action: ReceiptAction, for recipient: String, added: [String] = [],
        removed: [String] = []
    ) -> ActionTask {
        var mail = TestMail()
        mail.to = people
        mail.matched = [recipient]
        mail.addedHeaders = added
        mail.removedHeaders = removed
        var task = mail.task(action)
        task.key = ActionKey(rule: "rule", position: 0, recipient: Mailbox(recipient))
        return task
    }

    private static let store = ReceiptAction.store(
        bucket: "mail", prefix: "in", topic: nil, onFailure: .hold)

    // MARK: Objects

    @Test func objectsOfTheSameBytesAreOne() async {
        let fixture = ActionFixture()
        let tasks = Self.people.map { Self.task(Self.store, for: $0) }
        let results = await fixture.actions.perform(tasks)
        #expect(Set(results.map(\.detail)) == ["mail/in/\(TestMail.id)"])
    }

    /// With what a rule has changed they are of one name where it is the same, and no object is
    /// written over by another.
    @Test func objectsOfOtherBytesAreApart() async throws {
        let fixture = ActionFixture()
        let tasks = [
            Self.task(Self.store, for: "ada@e.test", added: ["X-For: ada"]),
            Self.task(Self.store, for: "bob@e.test", added: ["X-For: bob"]),
            Self.task(Self.store, for: "eve@e.test", added: ["X-For: bob"]),
            Self.task(Self.store, for: "ada@e.test", removed: ["x-for: ada"]),
            Self.task(Self.store, for: "bob@e.test", removed: ["subject", "x-a"]),
            Self.task(Self.store, for: "eve@e.test", removed: ["x-a", "subject"]),
            Self.task(Self.store, for: "eve@e.test"),
        ]
        let details = await fixture.actions.perform(tasks).map(\.detail)
        #expect(details[1] == details[2] && details[4] == details[5])
        #expect(Set(details).count == 5)
        let objects = try #require(fixture.objects.calls.first)
        var bytes: [String: Set<[UInt8]>] = [:]
        for object in objects {
            bytes[object.key, default: []].insert(ScriptedObjects.bytes(object))
        }
        #expect(bytes.values.allSatisfy { $0.count == 1 })
        #expect(details[6] == "mail/in/\(TestMail.id)")
        #expect(details[0].hasPrefix("mail/in/\(TestMail.id)-"))
        #expect(details[0].utf8.count == "mail/in/\(TestMail.id)-".utf8.count + 32)
    }

    /// Rules that are asked once for a mail have the names that SES gives.
    @Test func withoutRecipientsTheNameIsTheId() async throws {
        var mail = TestMail()
        mail.addedHeaders = ["X-For: ada"]
        let result = await ActionFixture().perform(Self.store, on: mail)
        #expect(result.detail == "mail/in/\(TestMail.id)")
    }

    // MARK: What is sent on

    private final class Submitter: MailSubmitter {
        let forwarded = Mutex<[String]>([])

        func forward(_ mail: ForwardedMail) async -> SubmitterAnswer {
            forwarded.withLock { $0.append(mail.stableID) }
            return .withheld("it is a test")
        }
        func bounce(_ mail: BouncedMail) async -> SubmitterAnswer { .refused("unexpected") }
        func reply(_ mail: AnsweredMail) async -> SubmitterAnswer { .refused("unexpected") }
        func relay(_ mail: RelayedMail) async -> SubmitterAnswer { .refused("unexpected") }
    }

    private static func forward(
        to targets: [String] = ["team@far.example"], as identity: String? = nil,
        author: ReceiptAction.ForwardAuthor = .keep
    ) -> ReceiptAction {
        .forward(to: targets, identity: identity, author: author)
    }

    static let forwards: [(String, [ActionTask], Int)] = [
        (
            "as each recipient it is sent for each",
            people.map { task(forward(), for: $0) }, 3
        ),
        (
            "as one identity it is sent once",
            people.map { task(forward(as: "desk@e.test"), for: $0) }, 1
        ),
        (
            "but not to other targets",
            people.map {
                task(forward(to: ["\($0)"] + ["x@far.example"], as: "desk@e.test"), for: $0)
            }
                + [task(forward(to: ["y@far.example"], as: "desk@e.test"), for: people[0])], 2
        ),
        (
            "nor with other header lines",
            people.map { task(forward(as: "desk@e.test"), for: $0, added: ["X-For: \($0)"]) }, 3
        ),
        (
            "nor with another author",
            [
                task(forward(as: "desk@e.test"), for: people[0]),
                task(forward(as: "desk@e.test", author: .rewrite), for: people[1]),
            ], 2
        ),
    ]

    /// Mails with the same id are one.
    @Test(arguments: forwards)
    func isSentOnOnce(_ name: String, _ tasks: [ActionTask], _ count: Int) async {
        let submitter = Submitter()
        var actions = ActionFixture().actions
        actions.submitter = submitter
        _ = await actions.perform(tasks)
        let ids = submitter.forwarded.withLock { $0 }
        #expect(ids.count == tasks.count)
        #expect(Set(ids).count == count, "\(name)")
        #expect(ids.allSatisfy { $0.hasPrefix("\(TestMail.id)/rule/0@") })
    }
}
