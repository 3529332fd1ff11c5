import MailFlow
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// Mails that lie in a bucket, and are put on their way again.
@Suite struct BucketReplayTests {
    private static let mailBytesMax = 5_000
    private static let raw = "From: ada@sender.example\r\nSubject: x\r\n\r\nbody\r\n"

    /// Keeps what it is told.
    private final class Log: ReplayLog {
        let waits = Mutex<[String]>([])
        let left = Mutex<[ReplayCandidates.Candidate]>([])

        func replayed(_ mail: MailRecord) {}
        func notReplayed(_ candidate: ReplayCandidates.Candidate, replay: Int) {
            left.withLock { $0.append(candidate) }
        }
        func waits(_ replay: ReplayRecord, because reason: String) {
            waits.withLock { $0.append(reason) }
        }
        func ended(_ replay: ReplayRecord) {}
    }

    private struct Desk {
        let receiving: Receiving
        let objects = ObjectsInMemory()
        let candidates: ReplayCandidates
        let replayer: Replayer
        let log = Log()
        var store: any MailStore & ReplayStore { receiving.store }
        /// Before anything is asked for.
        let written: Timestamp

        init(mailBytesMax: Int = BucketReplayTests.mailBytesMax) async throws {
            receiving = try await Receiving()
            written = receiving.time.now()
            receiving.time.advance(seconds: 60)
            candidates = ReplayCandidates(
                store: receiving.store, bodies: receiving.bodies, rules: receiving.rules,
                facts: MailFactsReader(
                    bodies: receiving.bodies, returnPaths: nil, guesser: nil),
                objects: objects, mailBytesMax: mailBytesMax)
            replayer = Replayer(
                store: receiving.store, bodies: receiving.bodies, candidates: candidates,
                room: receiving.room, bodyFileThresholdBytes: 1_000, time: receiving.time,
                random: CountingRandom(), log: log)
        }

        func wish(_ recipients: String..., prefix: String = "") -> ReplayWish {
            var wish = ReplayWish(
                ruleSetVersion: receiving.rules.current.version,
                before: MailID(at: receiving.time.now(), random: receiving.random))
            wish.bucket = ReplayWish.Bucket(
                name: "mail", prefix: prefix, recipients: recipients.compactMap { Mailbox($0) })
            return wish
        }

        func put(_ key: String, _ text: String) { objects.put(key, text, at: written) }

        func begin(_ wish: ReplayWish) async throws -> ReplayRecord {
            try #require(try await store.begin(wish, at: receiving.time.now()))
        }

        func all() async throws -> [MailRecord] {
            var filter = MailFilter()
            filter.limit = 1_000
            return try await store.list(filter)
        }

        func candidate(
            _ key: String, _ text: String, _ recipients: String...
        ) async throws -> ReplayCandidates.Candidate {
            put(key, text)
            var wish = wish()
            wish.bucket?.recipients = recipients
            let page = try await candidates.page(of: wish, after: nil, in: nil)
            return try #require(page.candidates.first)
        }
    }

    // MARK: What is said of a mail, and who is believed

    private static let id = MailID(
        at: Timestamp(milliseconds: 1_789_000_000_123), random: CountingRandom())

    private static func head(
        from path: String = "<ada@sender.example>", helo: String = "client.example",
        peer: String = " (mx.sender.example [192.0.2.7])", with name: String = "ESMTPS",
        id: MailID = BucketReplayTests.id, for recipient: String = "\r\n for <bob@ours.example>",
        at date: String = "Thu, 10 Sep 2026 00:26:40 +0000 (UTC)",
        rest: String = "Authentication-Results: mx.ours.test; none\r\nX-SES-RECEIPT: AAAA\r\n"
    ) -> String {
        "Return-Path: \(path)\r\nReceived: from \(helo)\(peer)\r\n by mx.ours.test with \(name) "
            + "id \(id)\(recipient);\r\n \(date)\r\n\(rest)"
    }

    struct Arrival: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var head: String
        var mailFrom = "ada@sender.example"
        /// Empty where nobody is named.
        var recipient = "bob@ours.example"
        var helo = "client.example"
        var peer = "192.0.2.7"
        var name: PeerName = .verified(Domain(validatedASCII: "mx.sender.example"))
        var tls: String? = "TLS"
        var at: Int64 = 1_789_000_000_123
        /// Whether the block is taken off.
        var isBelieved = true
    }

    static let arrivals: [Arrival] = [
        Arrival(testDescription: "ours", head: head()),
        Arrival(
            testDescription: "with a rule's lines above", head: "X-Queue: a\r\nX-B: b\r\n" + head()
        ),
        Arrival(
            testDescription: "Amazon's",
            head: head(
                peer: " (mx.sender.example [192.0.2.7])", with: "SMTP",
                for: "\r\n for bob@ours.example", at: "Thu, 10 Sep 2026 00:00:00 +0000 (UTC)",
                rest: "X-SES-RECEIPT: AAAA\r\nX-SES-DKIM-SIGNATURE: a=rsa-sha256; b=x\r\n"),
            tls: "unknown", at: 1_788_998_400_000),
        Arrival(testDescription: "null path", head: head(from: "<>"), mailFrom: ""),
        Arrival(
            testDescription: "IPv6 without a name",
            head: head(peer: " (unknown [IPv6:2001:db8::1])", with: "UTF8SMTPS"),
            peer: "2001:db8::1", name: .unknown),
        Arrival(
            testDescription: "a quoted local part",
            head: head(for: "\r\n for <\"a id; b\"@x.example>"),
            recipient: "\"a id; b\"@x.example"),
        Arrival(
            testDescription: "for several", head: head(for: ""), recipient: ""),
        Arrival(
            testDescription: "no receipt behind it: the rest is the sender's", head: head(rest: "")),
        Arrival(
            testDescription: "another id",
            head: head(id: MailID(at: Timestamp(milliseconds: 5), random: CountingRandom())),
            recipient: "", helo: "", peer: "", name: .unknown, tls: "unknown", at: -1,
            isBelieved: false),
        Arrival(
            testDescription: "no address", head: head(for: "\r\n for <bob>"), recipient: "",
            helo: "", peer: "", name: .unknown, tls: "unknown", at: -1, isBelieved: false),
        Arrival(
            testDescription: "not on top of one another",
            head: head().replacing("\r\nReceived", with: "\r\nX-Between: a\r\nReceived"),
            recipient: "", helo: "", peer: "", name: .unknown, tls: "unknown", at: -1,
            isBelieved: false),
        Arrival(
            testDescription: "no block", head: "", mailFrom: "", recipient: "", helo: "", peer: "",
            name: .unknown, tls: "unknown", at: -1, isBelieved: false),
    ]

    @Test(arguments: arrivals)
    func whatItsReceiverWroteIsBelieved(_ arrival: Arrival) async throws {
        let desk = try await Desk()
        let text = arrival.head + Self.raw
        let alone = try await desk.candidate("in/\(Self.id)", text)
        #expect(alone.obstacle == (arrival.recipient.isEmpty ? .noRecipient : nil))
        let found = try await desk.candidate("in/\(Self.id)", text, "eve@ours.example")
        let record = try #require(found.record)
        #expect(found.object == "mail/in/\(Self.id)" && record.id == Self.id)
        #expect(record.envelope.mailFrom.wireText == arrival.mailFrom)
        let recipient = arrival.recipient.isEmpty ? "eve@ours.example" : arrival.recipient
        #expect(record.envelope.recipients.map(\.wireText) == [recipient])
        #expect(record.envelope.helo == arrival.helo)
        #expect(record.envelope.peerAddress == arrival.peer)
        #expect(record.envelope.peerName == arrival.name)
        #expect(record.envelope.tls == arrival.tls)
        let at = arrival.at < 0 ? desk.written.milliseconds : arrival.at
        #expect(record.receivedAt.milliseconds == at)
        #expect(
            record.totalLength - record.headLength
                == (arrival.isBelieved ? Self.raw : text).utf8.count)
    }

    @Test func anIDIsWhatEndsTheKey() async throws {
        let id = Self.id.text
        for (key, isIt) in [
            (id, true), ("a/b/\(id)", true), ("a-\(id)", true), ("\(id)/a", false),
            ("x\(id)", false), (String(id.dropLast()), false), ("\(id).eml", false),
            ("\(id)-0123456789abcdef0123456789abcdef", true),
            ("\(id)-0123456789abcdef0123456789abcde", false),
        ] {
            let desk = try await Desk()
            let found = try await desk.candidate(key, Self.raw, "bob@ours.example")
            #expect((found.id == Self.id) == isIt, "\(key)")
            let again = try await desk.candidate(key, Self.raw, "bob@ours.example")
            #expect(again.id == found.id)
        }
    }

    /// Who knows how an object is to be called could have made it.
    @Test func anIDThatIsMadeOfTheNameProvesNothing() async throws {
        let desk = try await Desk()
        let own = try await desk.candidate("a", Self.raw, "bob@ours.example").id
        for key in ["a", "b/\(own)"] {
            let forged = try await desk.candidate(key, Self.head(id: own) + Self.raw)
            #expect(forged.object == "mail/\(key)" && forged.obstacle == .noRecipient)
            desk.objects.remove(key)
        }
    }

    static let results = "Authentication-Results: mx.ours.test;\r\n "
    static let scans = "X-SES-Spam-Verdict: FAIL\r\nX-SES-Virus-Verdict: PASS\r\n"
    static let receipt = "X-SES-RECEIPT: AAAA\r\n"

    /// SPF, DKIM, DMARC, spam, virus; nil where it is judged anew.
    @Test(
        arguments: [
            (
                results
                    + "spf=pass (a: b) x=y; z;\r\n dkim=fail;\r\n dkim=pass header.i=@a.example;\r\n "
                    + "dmarc=fail header.from=a.example;\r\n" + receipt,
                "PASS PASS FAIL DISABLED DISABLED", false
            ),
            (
                scans + results + "spf=softfail;\r\n dkim=permerror;\r\n dmarc=temperror;\r\n"
                    + receipt,
                "GRAY FAIL PROCESSING_FAILED FAIL PASS", true
            ),
            (scans + results + "dmarc=none;\r\n" + receipt, "DISABLED GRAY GRAY FAIL PASS", true),
            (
                scans + "Authentication-Results: mx.ours.test; none\r\n" + receipt,
                "DISABLED DISABLED DISABLED FAIL PASS", true
            ),
            ("Authentication-Results: mx.ours.test; none\r\n" + receipt, nil, false),
            // Behind them begins what the sender wrote, who may write the same.
            (results + "spf=pass;\r\n", nil, false),
            (results + "spf=fail;\r\n" + results + "spf=pass;\r\n" + receipt, nil, false),
            ("X-Other: a\r\n" + results + "spf=pass;\r\n" + receipt, nil, false),
        ] as [(String, String?, Bool)])
    func verdictsAreThoseOfTheArrival(
        _ rest: String, _ expected: String?, _ isComplete: Bool
    ) async throws {
        let desk = try await Desk()
        let found = try await desk.candidate("in/\(Self.id)", Self.head(rest: rest) + Self.raw)
        let record = try #require(found.record)
        let statuses = record.verdicts.map { verdicts in
            [verdicts.spf, verdicts.dkim, verdicts.dmarc, verdicts.spam, verdicts.virus]
                .map(\.status.rawValue).joined(separator: " ")
        }
        #expect(statuses == expected)
        #expect(record.verdicts?.isComplete ?? false == isComplete)
        #expect(record.verdicts?.dkimDomains ?? [] == [])
    }

    /// What was written above it then stands above it again.
    @Test func itIsShownAsItWasStored() async throws {
        let desk = try await Desk()
        let text =
            Self.head(rest: Self.scans + Self.results + "spf=pass;\r\n" + Self.receipt) + Self.raw
        let found = try await desk.candidate("in/\(Self.id)", text)
        let record = try #require(found.record)
        guard case .bytes(let stored) = try #require(found.mail).content() else {
            throw Unexpected()
        }
        let shown = try #require(MailPresentation(record))
        let front = shown.front(of: stored, isScanEnabled: true)
        let rest = stored.getSlice(
            at: shown.replacedLength, length: stored.readableBytes - shown.replacedLength)
        #expect(String(buffer: front) + String(buffer: try #require(rest)) == text)
    }

    private struct Unexpected: Error {}

    @Test func theRowIsAskedFirst() async throws {
        let desk = try await Desk()
        let bob = try #require(Mailbox("row@ours.example"))
        var envelope = ReceivedEnvelope(
            mailFrom: .null, recipients: [bob], helo: "h", peerAddress: "192.0.2.1", tls: "TLSv1.3",
            isExtended: true, isSMTPUTF8: false, is8BitMIME: false)
        envelope.is8BitMIME = true
        var verdicts = VerdictRecord()
        verdicts.forgedFields = [VerdictRecord.ByteSpan(start: 0, length: 10)]
        verdicts.spf = VerdictRecord.Finding(.pass)
        let row = MailRecord(
            id: Self.id, account: .main, receivedAt: Timestamp(milliseconds: 7_000),
            state: .retired, envelope: envelope, ruleSetVersion: "v1", isUntaken: true,
            bodyPlace: .expired, headLength: 0, totalLength: 99, checksum: 1, verdicts: verdicts)
        try await withCheckedThrowingContinuation { continuation in
            desk.store.accept(AcceptedMail(record: row, content: nil)) {
                continuation.resume(with: $0)
            }
        }
        let found = try await desk.candidate(Self.id.text, Self.head() + Self.raw)
        let record = try #require(found.record)
        #expect(record.envelope == envelope && record.receivedAt == row.receivedAt)
        #expect(record.verdicts?.spf.status == .pass && record.verdicts?.forgedFields == [])
        #expect(found.mail != nil && record.headLength > 0)
    }

    // MARK: What cannot be run

    @Test func saysWhatCannotBeRun() async throws {
        let desk = try await Desk()
        let bytes = String(repeating: "x", count: Self.mailBytesMax - Self.raw.utf8.count)
        desk.put("1-full", Self.raw + bytes)
        desk.put("2-beyond", Self.raw + bytes + "x")
        desk.objects.put("3-far-beyond", Self.raw, at: desk.written, size: 1_053_577)
        desk.put("4-text", "Note: a\r\n\r\nb\r\n")
        desk.put("5-bytes", "\u{0}\u{1}")
        desk.put("6-sealed", Self.raw)
        desk.objects.spoil("6-sealed", "it is sealed under another key")
        desk.put("7/../odd", Self.raw)
        desk.put("8-folder/", "")
        desk.objects.put("9-new", Self.raw, at: desk.receiving.time.now().advanced(bySeconds: 1))
        let page = try await desk.candidates.page(
            of: desk.wish("bob@ours.example"), after: nil, in: nil)
        let expected: [(String, ReplayObstacle?, String?)] = [
            ("1-full", nil, nil), ("2-beyond", .tooLarge, nil), ("3-far-beyond", .tooLarge, nil),
            ("4-text", .noMail, nil), ("5-bytes", .noMail, nil),
            ("6-sealed", .unreadable, "it is sealed under another key"),
            ("7/../odd", .unreadable, "its key is none that can be asked for"),
        ]
        #expect(page.candidates.map(\.object) == expected.map { "mail/\($0.0)" })
        #expect(page.candidates.map(\.obstacle) == expected.map(\.1))
        #expect(page.candidates.map(\.detail) == expected.map(\.2))
        #expect(!desk.objects.asked.contains("3-far-beyond"), "it is not fetched")
        // A server is held to what it has listed.
        #expect(desk.objects.sizes["1-full"] == Self.mailBytesMax)
        #expect(desk.objects.sizes["4-text"] == 14)
    }

    @Test func aFolderThatIsClosedIsLeftAndTold() async throws {
        let desk = try await Desk()
        for key in ["a", "b/1", "c"] { desk.put(key, Self.raw) }
        desk.objects.close("b-closed/", "Permission denied")
        desk.objects.close("d/", "Permission denied")
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 3)
        #expect(ended.progress.left == [ReplayObstacle.unreadable.rawValue: 2])
        let left = desk.log.left.withLock { $0 }
        #expect(left.map(\.object) == ["mail/b-closed/", "mail/d/"])
        #expect(left.map(\.detail) == ["Permission denied", "Permission denied"])
    }

    @Test func anObjectThatEndsEarlyIsLeft() async throws {
        let desk = try await Desk()
        desk.objects.put("a", Self.raw, at: desk.written, size: Self.raw.utf8.count + 1)
        desk.objects.put("b", Self.raw, at: desk.written, size: 2_000)
        desk.put("c", Self.raw)
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 1)
        #expect(ended.progress.left == [ReplayObstacle.unreadable.rawValue: 2])
        #expect(
            desk.log.left.withLock { $0.map(\.detail) } == [
                "it has become shorter", "it has become shorter",
            ])
        #expect(desk.receiving.bodies.state.withLock { $0.files.isEmpty })
    }

    /// What somebody still writes to is what it was when it was opened, and no damaged mail.
    @Test func anObjectThatGrowsIsRunAsItWas() async throws {
        let desk = try await Desk()
        let bodies = [Self.raw, Self.raw + String(repeating: "y", count: 2_000)]
        for (key, body) in zip(["a", "b"], bodies) {
            desk.objects.put(key, body + "more\r\n", at: desk.written, size: body.utf8.count)
        }
        desk.objects.put("in/\(Self.id)", Self.head() + Self.raw, at: desk.written, size: 10)
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.progress.replayed == 2)
        #expect(ended.progress.left == [ReplayObstacle.noMail.rawValue: 1])
        for row in try await desk.all() {
            let content =
                row.bodyPlace == .row
                ? try await desk.store.content(of: row) : try desk.receiving.bodies.content(of: row)
            #expect(String(buffer: content) == bodies[row.replay?.object == "mail/a" ? 0 : 1])
        }
    }

    // MARK: Going on

    @Test func goesOnPageByPage() async throws {
        let desk = try await Desk()
        let bodies = [Self.raw, Self.raw + String(repeating: "y", count: 2_000)]
        for number in 100..<330 { desk.put("in/\(number)", bodies[number % 2]) }
        desk.put("out/1", Self.raw)
        let replay = try await desk.begin(desk.wish("bob@ours.example", prefix: "in/"))
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 230)
        #expect(desk.objects.limits == [1_000])
        let rows = try await desk.all()
        #expect(
            Set(rows.compactMap { $0.replay?.object }) == Set((100..<330).map { "mail/in/\($0)" }))
        for row in rows {
            let content =
                row.bodyPlace == .row
                ? try await desk.store.content(of: row) : try desk.receiving.bodies.content(of: row)
            let number = try #require(row.replay?.object.flatMap { Int($0.suffix(3)) })
            #expect(String(buffer: content) == bodies[number % 2])
            #expect((row.bodyPlace == .file) == (number % 2 == 1))
        }
    }

    @Test func aPageEndsWhereItHasEnoughBytes() async throws {
        let desk = try await Desk(mailBytesMax: 40_000_000)
        for name in ["a", "b", "c"] {
            desk.objects.put(name, Self.raw, at: desk.written, size: 33_554_432)
        }
        let wish = desk.wish("bob@ours.example")
        let first = try await desk.candidates.page(of: wish, after: nil, in: nil)
        #expect(first.candidates.map(\.object) == ["mail/a", "mail/b"] && !first.isLast)
        let second = try await desk.candidates.page(of: wish, after: first.cursor, in: nil)
        #expect(second.candidates.map(\.object) == ["mail/c"] && second.isLast)
    }

    @Test func waitsForABucketThatIsAway() async throws {
        let desk = try await Desk()
        for number in 100..<220 { desk.put("\(number)", Self.raw) }
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        desk.objects.goAway("it is away")
        try await desk.replayer.turn()
        try await desk.replayer.turn()
        #expect(desk.log.waits.withLock { $0 } == ["it is away"], "told once")
        #expect(try await desk.all().isEmpty)
        desk.objects.goAway(nil)
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 120)
    }

    /// The next replay waits for itself, and is told of, though the reason is the same.
    @Test func eachReplayWaitsForItself() async throws {
        let desk = try await Desk()
        desk.put("100", Self.raw)
        let first = try await desk.begin(desk.wish("bob@ours.example"))
        desk.objects.goAway("it is away")
        try await desk.replayer.turn()
        #expect(desk.replayer.waitingReason(of: first) == "it is away")
        let at = desk.receiving.time.now()
        #expect(try await desk.store.cancel(replay: first.number, at: at))
        let cancelled = try #require(try await desk.store.replay(first.number))
        #expect(desk.replayer.waitingReason(of: cancelled) == nil)
        let second = try await desk.begin(desk.wish("bob@ours.example"))
        #expect(desk.replayer.waitingReason(of: second) == nil)
        try await desk.replayer.turn()
        #expect(desk.replayer.waitingReason(of: second) == "it is away")
        #expect(desk.log.waits.withLock { $0 } == ["it is away", "it is away"])
    }

    /// What came before it in the page is on its way, and what comes behind it is not left out.
    @Test func waitsForAnObjectThatIsNotGivenOut() async throws {
        let desk = try await Desk()
        let keys = (100..<130).map { "\($0)" }
        for key in keys { desk.put(key, Self.raw) }
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        desk.objects.withhold("113")
        for _ in 0..<3 { try await desk.replayer.turn() }
        #expect(desk.log.waits.withLock { $0 } == ["not now"])
        let open = try #require(try await desk.store.replay(replay.number))
        #expect(open.progress.replayed == 13 && open.progress.cursor == "112")
        desk.objects.withhold()
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 30)
        let rows = try await desk.all().compactMap { $0.replay?.object }
        #expect(rows.sorted() == keys.map { "mail/\($0)" })
    }

    /// A listing is asked for once and read from for many pages, but not after a wait.
    @Test func aWaitListsAnew() async throws {
        let desk = try await Desk()
        for number in 100..<180 { desk.put("\(number)", Self.raw) }
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        desk.objects.withhold("175")
        try await desk.replayer.turn()
        // Once for what was before it, once to find it again.
        #expect(desk.objects.limits.count == 2)
        desk.objects.withhold()
        desk.put("175", Self.raw + "more\r\n")
        desk.objects.remove("176")
        try await desk.replayer.turn()
        #expect(desk.objects.limits.count == 3)
        #expect(desk.objects.sizes["175"] == Self.raw.utf8.count + 6)
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil && ended.progress.replayed == 79)
        #expect(ended.progress.left.isEmpty, "what was removed is not listed any more")
    }

    /// What cannot be read for now is waited for, in the midst of a mail as at its beginning.
    @Test func waitsForADiskThatFailsInTheMidst() async throws {
        let desk = try await Desk(mailBytesMax: 2_000_000)
        desk.put("a", Self.raw + String(repeating: "y", count: 1_500_000))
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        for start in [0, 1_048_576, 1_048_576] {
            desk.objects.failReads(from: start, .refused("read a: Input/output error"))
            try await desk.replayer.turn()
        }
        #expect(
            desk.log.waits.withLock { $0 } == [
                "storage refused the write: read a: Input/output error"
            ], "told once")
        #expect(try await desk.all().isEmpty)
        #expect(desk.receiving.bodies.state.withLock { $0.files.isEmpty })
        desk.objects.failReads(from: 0, .damaged("a is not what was written"))
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.endedAt != nil)
        #expect(ended.progress.left == [ReplayObstacle.unreadable.rawValue: 1])
    }

    @Test func theSameMailIsRunOnce() async throws {
        let desk = try await Desk()
        for key in ["a/\(Self.id)", "b/\(Self.id)"] { desk.put(key, Self.head() + Self.raw) }
        let replay = try await desk.begin(desk.wish())
        try await desk.replayer.turn()
        let ended = try #require(try await desk.store.replay(replay.number))
        #expect(ended.progress.replayed == 1)
        #expect(ended.progress.left == [ReplayObstacle.twice.rawValue: 1])
        #expect(desk.log.left.withLock { $0.map(\.object) } == ["mail/b/\(Self.id)"])
    }

    @Test func aCancelledOneLeavesNoFiles() async throws {
        let desk = try await Desk()
        desk.put("a", Self.raw + String(repeating: "y", count: 2_000))
        let replay = try await desk.begin(desk.wish("bob@ours.example"))
        desk.receiving.room.bytes.withLock { $0 = 10 }
        try await desk.replayer.turn()
        #expect(desk.log.waits.withLock { $0 } == ["the disk has no room"])
        desk.receiving.room.bytes.withLock { $0 = .max }
        desk.receiving.bodies.state.withLock { $0.finishFailure = .refused("on purpose") }
        try await desk.replayer.turn()
        try await desk.replayer.turn()
        #expect(
            desk.log.waits.withLock { $0 } == [
                "the disk has no room", "storage refused the write: on purpose",
            ], "told once")
        #expect(desk.receiving.bodies.state.withLock { $0.files.isEmpty })
        #expect(try await desk.store.cancel(replay: replay.number, at: desk.written))
        try await desk.replayer.turn()
        #expect(try await desk.all().isEmpty)
    }
}
