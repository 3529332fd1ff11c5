import DNS
import MailModel
import Screening
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct DNSListsTests {
    private let lists = Lists()

    private func ask(
        _ list: DNSList, address: String? = nil, helo: String? = nil, sender: String? = nil,
        author: String? = nil
    ) async -> [ListFinding] {
        await lists.lists([list]).ask(
            about: DNSLists.Subjects(
                address: address.flatMap { IPAddress($0) }, helo: helo.map(Lists.domain),
                sender: sender.map(Lists.domain), author: author.map(Lists.domain)))
    }

    private static func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    // MARK: What is asked

    @Test func anIPv4AddressIsAskedInReverse() async throws {
        lists.put("2.0.0.127.bl.example", "127.0.0.2")
        let findings = await ask(Lists.list(), address: "127.0.0.2")
        #expect(
            findings == [
                ListFinding(
                    list: "bl", subject: .address, asked: "2.0.0.127",
                    outcome: .listed(answers: [try Self.address("127.0.0.2")], score: 5))
            ])
        // What is listed is held against what never is.
        #expect(
            lists.zone.asked == ["a 2.0.0.127.bl.example", "a 1.0.0.127.bl.example"])
    }

    /// RFC 5782 §2.4
    @Test func anIPv6AddressIsAskedByHalfBytes() async {
        let name =
            "b.a.9.8.7.6.5.4.3.2.1.0.f.e.d.c.0.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f"
        lists.put("\(name).bl.example", "127.0.0.3")
        let findings = await ask(
            Lists.list(), address: "fedc:ba98:7654:3210:cdef:0123:4567:89ab")
        #expect(findings.map(\.asked) == [name])
        #expect(findings.map(\.score) == [5])
        #expect(
            lists.zone.asked.last
                == "a 1.0.0.0.0.0.f.7.f.f.f.f\(String(repeating: ".0", count: 20)).bl.example")
    }

    @Test func domainsAreAskedAsTheyStand() async {
        lists.put("bad.example.com.bl.example", "127.0.0.2")
        let findings = await ask(
            Lists.list("bl", [.address, .helo, .sender, .author]), address: "192.0.2.1",
            helo: "mail.example.com", sender: "bad.example.com", author: "example.net")
        #expect(findings.map(\.subject) == [.address, .helo, .sender, .author])
        #expect(
            findings.map(\.asked)
                == ["1.2.0.192", "mail.example.com", "bad.example.com", "example.net"])
        #expect(findings.map(\.score) == [0, 0, 5, 0])
        #expect(lists.zone.asked.contains("a invalid.bl.example"))
    }

    @Test func aDomainOfTwoKindsIsAskedOnce() async {
        lists.put("example.com.bl.example", "127.0.0.2")
        let findings = await ask(
            Lists.list("bl", [.helo, .sender, .author]), helo: "example.com",
            sender: "example.com", author: "example.com")
        #expect(findings.map(\.subject) == [.helo])
        #expect(findings.map(\.score) == [5])
    }

    @Test func whatTheMailHasNotIsNotAsked() async {
        #expect(await ask(Lists.list("bl", [.address, .helo, .sender, .author])) == [])
        let long = String(repeating: "a.", count: 120) + "example"
        #expect(await ask(Lists.list("bl", [.author]), author: long) == [])
        #expect(lists.zone.asked == [])
    }

    // MARK: What is answered

    struct Answered: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let answer: Result<DNSAnswer, DNSFailure>
        /// Nil: not listed.
        let failure: String?
    }

    private static func addresses(_ texts: String...) -> Result<DNSAnswer, DNSFailure> {
        .success(
            DNSAnswer(.records(texts.compactMap { IPAddress($0).map(DNSRecord.address) })))
    }

    static let answered = [
        Answered(
            testDescription: "no such name", answer: .success(DNSAnswer(.noSuchName)), failure: nil),
        Answered(
            testDescription: "no address", answer: .success(DNSAnswer(.noRecord)), failure: nil),
        Answered(
            testDescription: "nothing usable",
            answer: .success(DNSAnswer(.records([]), unusableCount: 1)),
            failure: "its answer holds no address"),
        Answered(
            testDescription: "the open internet", answer: addresses("203.0.113.7"),
            failure: "it answers 203.0.113.7, which is not of 127.0.0.0/8"),
        Answered(
            testDescription: "a listing and the open internet",
            answer: addresses("127.0.0.2", "203.0.113.7"),
            failure: "it answers 203.0.113.7, which is not of 127.0.0.0/8"),
        Answered(
            testDescription: "just below", answer: addresses("126.255.255.255"),
            failure: "it answers 126.255.255.255, which is not of 127.0.0.0/8"),
        Answered(
            testDescription: "just above", answer: addresses("128.0.0.0"),
            failure: "it answers 128.0.0.0, which is not of 127.0.0.0/8"),
        Answered(
            testDescription: "a mistyped zone", answer: addresses("127.255.255.252"),
            failure: "it refuses to answer (127.255.255.252)"),
        Answered(
            testDescription: "over a public resolver", answer: addresses("127.255.255.254"),
            failure: "it refuses to answer (127.255.255.254)"),
        Answered(
            testDescription: "too many questions", answer: addresses("127.255.255.255"),
            failure: "it refuses to answer (127.255.255.255)"),
        Answered(
            testDescription: "something else",
            answer: .success(DNSAnswer(.records([.txt("127.0.0.2")]))),
            failure: "its answer is no address"),
        Answered(
            testDescription: "IPv6", answer: addresses("2001:db8::7f00:2"),
            failure: "its answer is no address"),
        Answered(
            testDescription: "a server that fails", answer: .failure(.serverFailed("SERVFAIL")),
            failure: "the DNS failed: SERVFAIL"),
        Answered(
            testDescription: "a forgery", answer: .failure(.bogus("no signature")),
            failure: "the answer is forged or its zone is badly signed: no signature"),
        Answered(
            testDescription: "too many at once", answer: .failure(.tooManyQueries),
            failure: "too many questions wait for the DNS"),
    ]

    @Test(arguments: answered)
    func aFailureIsNoListing(_ testCase: Answered) async {
        lists.zone.put("1.2.0.192.bl.example", .a, testCase.answer)
        let findings = await ask(Lists.list(), address: "192.0.2.1")
        #expect(
            findings.map(\.outcome)
                == [testCase.failure.map { .failed($0) } ?? .notListed])
        #expect(findings.map(\.score) == [0])
    }

    /// A list that has come to its end, and lists the world.
    @Test func aListThatListsEverythingListsNothing() async {
        for name in ["1.2.0.192", "1.0.0.127", "example.com", "invalid"] {
            lists.put("\(name).bl.example", "127.0.0.2")
        }
        let findings = await ask(
            Lists.list("bl", [.address, .author]), address: "192.0.2.1", author: "example.com")
        #expect(
            findings.map(\.outcome)
                == Array(
                    repeating: .failed("it lists everything, what is never listed too"), count: 2))
    }

    /// The list itself has answered: a failure of what it is held against takes nothing away.
    @Test func aFailedCheckOfTheListIsNone() async {
        lists.put("1.2.0.192.bl.example", "127.0.0.2")
        lists.zone.put("1.0.0.127.bl.example", .a, .failure(.timedOut))
        #expect(await ask(Lists.list(), address: "192.0.2.1").map(\.score) == [5])
    }

    // MARK: What it counts

    private static let rules: [DNSList.Rule] = [
        ("127.0.0.2", 3), ("127.0.0.4-127.0.0.7", 7), ("127.0.0.10", 0),
    ].compactMap { text, score in
        ListAnswerMatch(text).map { DNSList.Rule(match: $0, score: score) }
    }

    @Test(arguments: [
        (["127.0.0.2"], 3), (["127.0.0.4"], 7), (["127.0.0.2", "127.0.0.5"], 10),
        (["127.0.0.4", "127.0.0.5"], 7), (["127.0.0.10"], 0), (["127.0.0.9"], 0),
    ])
    func eachRuleCountsOnce(_ answers: [String], _ score: Int) async {
        lists.zone.put(
            "1.2.0.192.bl.example", .a,
            answers.compactMap { IPAddress($0).map(DNSRecord.address) })
        let findings = await ask(Lists.list(rules: Self.rules), address: "192.0.2.1")
        #expect(findings.map(\.score) == [score])
        guard case .listed(let listed, _)? = findings.first?.outcome else {
            Issue.record("\(findings)")
            return
        }
        #expect(listed.map(\.description) == answers)
    }

    @Test func bitsCountEach() async {
        let rules = [1, 2, 4].map {
            DNSList.Rule(match: .bits(UInt8($0)), score: $0 * 10)
        }
        lists.put("example.com.bl.example", "127.0.0.6")
        let findings = await ask(Lists.list("bl", [.author], rules: rules), author: "example.com")
        #expect(findings.map(\.score) == [60])
    }

    @Test func anAllowListTakesAway() async {
        lists.put("1.2.0.192.wl.example", "127.0.9.3")
        let findings = await ask(Lists.list("wl", kind: .allow), address: "192.0.2.1")
        #expect(findings.map(\.score) == [-5])
    }

    // MARK: Time

    /// All are asked at once; those that have answered when the time is up count.
    @Test func theDeadlineIsOneForAll() async {
        let zone = StuckResolver(answering: ["1.2.0.192.b.example"])
        let clock = ManualRest()
        let asked = DNSLists(
            ["a", "b", "c"].map { Lists.list($0) }, timeoutSeconds: 5, resolver: zone,
            rest: { try await clock.rest($0) })
        async let findings = asked.ask(about: DNSLists.Subjects(address: IPAddress("192.0.2.1")))
        await zone.untilAsked(4)
        await clock.pass()
        let late = ListFinding.Outcome.failed("no answer within 5 s")
        let outcomes = await findings.map(\.outcome)
        #expect(outcomes.count == 3)
        #expect(outcomes.first == late && outcomes.last == late)
        #expect(outcomes.dropFirst().first != late)
    }

    @Test func endsWithItsTask() async {
        let zone = StuckResolver(answering: [])
        let asked = DNSLists(
            [Lists.list()], timeoutSeconds: 5, resolver: zone, rest: Lists.never)
        let task = Task {
            await asked.ask(about: DNSLists.Subjects(address: IPAddress("192.0.2.1")))
        }
        await zone.untilAsked(1)
        task.cancel()
        let failures = await task.value.map(\.isFailure)
        #expect(failures == [true])
    }
}
