import Accounts
import MailModel
import Storage
import TestSupport
import Testing

/// Steps of keys, as texts: `selector algorithm state age-in-days [found age-in-days]`.
@Suite struct DKIMRotationTests {
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var keys: [String]
        var origin = DKIMKeyRecord.Origin.easy
        var step: DKIMRotation.Step?
    }

    private static func key(_ text: String) throws -> DKIMKeyRecord {
        let words = text.split(separator: " ").map(String.init)
        func ago(_ days: String) throws -> Timestamp {
            now.advanced(bySeconds: -(try #require(Int64(days))) * 86_400)
        }
        let isBrought = words[0].hasPrefix("own")
        var facts = DKIMKeyRecord.Facts(
            algorithm: try #require(DKIMKeyRecord.Algorithm(rawValue: words[1])),
            origin: isBrought ? .external : .easy, bits: 2_048, publicKey: words[0],
            state: try #require(DKIMKeyRecord.State(rawValue: words[2])),
            createdAt: try ago(words[3]))
        facts.foundAt = words.count > 4 ? try ago(words[4]) : nil
        return DKIMKeyRecord(selector: words[0], facts: facts, sealedPrivateKey: [])
    }

    static let cases = [
        Case(testDescription: "nothing", keys: []),
        Case(
            testDescription: "none is found",
            keys: ["a rsa pending 0", "b ed25519 pending 0", "c rsa pending 0"]),
        Case(
            testDescription: "the first that is found signs",
            keys: ["a rsa pending 0 0", "b ed25519 pending 0 0", "c rsa pending 0 0"],
            step: .activate(selector: "a", retiring: [])),
        Case(
            testDescription: "each algorithm has one",
            keys: ["a rsa active 0 0", "b ed25519 pending 0 0", "c rsa pending 0 0"],
            step: .activate(selector: "b", retiring: [])),
        Case(
            testDescription: "the next waits",
            keys: ["a rsa active 89 89", "b ed25519 active 89 89", "c rsa pending 89 89"]),
        Case(
            testDescription: "after ninety days it follows",
            keys: ["a rsa active 90 90", "b ed25519 active 90 90", "c rsa pending 90 90"],
            step: .activate(selector: "c", retiring: ["a"])),
        Case(
            testDescription: "but not before it is published for two days",
            keys: ["a rsa active 200 200", "b ed25519 active 9 9", "c rsa pending 90 1"]),
        Case(
            testDescription: "nor where its record is gone",
            keys: ["a rsa active 200 200", "b ed25519 active 9 9", "c rsa pending 90"]),
        Case(
            testDescription: "mails in flight keep the record",
            keys: ["a rsa retiring 23", "b ed25519 active 99 99", "c rsa active 23 90"]),
        Case(
            testDescription: "then it may go",
            keys: ["a rsa retiring 24", "b ed25519 active 99 99", "c rsa active 24 90"],
            step: .end(selector: "a")),
        Case(
            testDescription: "and its selector has the next of the older key",
            keys: ["a rsa retired 0", "b ed25519 active 114 99", "c rsa active 24 90"],
            step: .renew(selector: "a", .ed25519)),
        Case(
            testDescription: "an algorithm that has its next gets no other",
            keys: ["a rsa retired 0", "b ed25519 active 9 9", "d ed25519 pending 5"],
            step: .renew(selector: "a", .rsa)),
        Case(
            testDescription: "a key that is brought takes the place of all",
            keys: ["a rsa active 9 9", "b ed25519 active 9 9", "own rsa pending 0 0"],
            origin: .external, step: .activate(selector: "own", retiring: ["a", "b"])),
        Case(
            testDescription: "until it is found, they go on",
            keys: ["a rsa active 9 9", "b ed25519 active 9 9", "own rsa pending 0"],
            origin: .external),
        Case(
            testDescription: "another that is brought follows after two days",
            keys: ["own1 rsa active 3 3", "own2 rsa pending 2 2"], origin: .external,
            step: .activate(selector: "own2", retiring: ["own1"])),
        Case(
            testDescription: "what is not wanted any more is removed",
            keys: ["a rsa retired 0", "own rsa active 20 20"], origin: .external,
            step: .remove(selector: "a")),
        Case(
            testDescription: "a brought key has no successor",
            keys: ["own rsa retired 0", "a rsa active 9 9"], step: .remove(selector: "own")),
        Case(
            testDescription: "Easy DKIM takes over from a brought key",
            keys: ["own rsa active 9 9", "a ed25519 pending 0 0", "b rsa pending 0"],
            step: .activate(selector: "a", retiring: ["own"])),
    ]

    @Test(arguments: cases)
    func takesTheStep(_ entry: Case) throws {
        let keys = try entry.keys.map(Self.key)
        let step = DKIMRotation.step(
            keys, wanting: entry.origin, inFlightSecondsMax: 17 * 86_400, at: Self.now,
            trusted: Self.now)
        #expect(step == entry.step)
    }

    @Test func aClockThatIsNotTrustedEndsNothing() throws {
        let keys = [try Self.key("a rsa retiring 400")]
        #expect(
            DKIMRotation.step(
                keys, wanting: .easy, inFlightSecondsMax: 0, at: Self.now, trusted: nil) == nil)
    }

    @Test func aClockThatWasSetBackEndsNothing() throws {
        let keys = [try Self.key("a rsa retiring -3")]
        #expect(
            DKIMRotation.step(
                keys, wanting: .easy, inFlightSecondsMax: 0, at: Self.now, trusted: Self.now)
                == nil)
    }

    /// The mail that was signed last is handed over at the last moment, and read a week later.
    @Test(arguments: [(17, 24), (44, 51)] as [(Int64, Int64)])
    func noMailInFlightLosesItsKey(_ inFlightDays: Int64, _ days: Int64) throws {
        let keys = [try Self.key("a rsa retiring 0"), try Self.key("c rsa active 0 90")]
        func step(afterSeconds seconds: Int64) -> DKIMRotation.Step? {
            let now = Self.now.advanced(bySeconds: seconds)
            return DKIMRotation.step(
                keys, wanting: .easy, inFlightSecondsMax: inFlightDays * 86_400, at: now,
                trusted: now)
        }
        #expect(step(afterSeconds: days * 86_400 - 1) == nil)
        #expect(step(afterSeconds: days * 86_400) == .end(selector: "a"))
    }
}
