import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// What becomes of a signature, and why.
@Suite struct DKIMVerifierTests {
    // MARK: The signature

    @Test func unsignedMailHasNone() async {
        let outcomes = await SigningBench().verify(SigningBench.mail)
        #expect(outcomes.map(\.result) == [.none])
        #expect(outcomes.map(\.reason) == [.notSigned])
    }

    @Test(arguments: TestKey.allCases)
    func passes(_ key: TestKey) async throws {
        let bench = SigningBench()
        let outcome = await bench.verify(try bench.signed(by: key))[0]
        #expect(outcome.result == .pass)
        #expect(outcome.reason == .verified)
        #expect(outcome.domain == SigningBench.domain)
        #expect(outcome.selector == key.selector)
        #expect(outcome.identity == "@football.example.com")
        #expect(!outcome.isTesting)
        #expect(!outcome.isBodyLengthLimited)
    }

    /// One change of a signed mail, and what it comes to.
    @Test(arguments: [
        ("We lost", "We won", DKIMReason.bodyDiffers),
        ("Is dinner", "Is lunch", .headerDiffers),
        ("Joe SixPack", "Joe  SixPack", .verified),
        ("\r\n\r\nHi.", "\r\nX-More: new\r\n\r\nHi.", .verified),
        ("\r\n\r\nHi.", "\r\nSubject: another\r\n\r\nHi.", .headerDiffers),
        ("From:", "Subject: another\r\nFrom:", .headerDiffers),
        ("From:", "Cc: another\r\nFrom:", .headerDiffers),
    ])
    func tellsWhatChanged(_ old: String, _ new: String, _ reason: DKIMReason) async throws {
        let bench = SigningBench()
        let mail = try bench.signed().replacing(old, with: new, maxReplacements: 1)
        let outcome = await bench.verify(mail)[0]
        #expect(outcome.reason == reason)
        #expect(outcome.result == reason.result)
    }

    /// Tags of a signature that was good, each changed to be none.
    @Test(arguments: [
        ("v=1; ", "", SignatureDefect.missing(tag: "v")),
        ("v=1", "v=2", .version), ("v=1", "v=01", .version),
        ("a=rsa-sha256", "a=rsa-md5", .unknownAlgorithm("rsa-md5")),
        ("a=rsa-sha256", "a=RSA-SHA256", .unknownAlgorithm("RSA-SHA256")),
        ("c=relaxed/relaxed", "c=relaxed/", .unusable(tag: "c")),
        ("c=relaxed/relaxed", "c=relaxed/relaxed/relaxed", .unusable(tag: "c")),
        ("c=relaxed/relaxed", "c=nofws", .unusable(tag: "c")),
        ("d=football.example.com", "d=football example com", .unusable(tag: "d")),
        ("d=football.example.com", "d=com", .unusable(tag: "d")),
        ("d=football.example.com", "d=[1.2.3.4]", .unusable(tag: "d")),
        ("s=rsa", "s=", .unusable(tag: "s")), ("s=rsa", "s=a..b", .unusable(tag: "s")),
        ("s=rsa", "s=rsa.", .unusable(tag: "s")),
        ("q=dns/txt", "q=dns/naptr", .unknownQuery),
        ("q=dns/txt", "i=@example.com", .identityOutsideDomain),
        ("q=dns/txt", "i=@xfootball.example.com", .identityOutsideDomain),
        ("q=dns/txt", "i=football.example.com", .unusable(tag: "i")),
        ("q=dns/txt", "i=joe=4@football.example.com", .unusable(tag: "i")),
        ("t=1790000000", "t=now", .unusable(tag: "t")),
        ("t=1790000000", "t=-1", .unusable(tag: "t")),
        ("t=1790000000", "x=", .unusable(tag: "x")),
        ("t=1790000000", "t=1790000000; x=1790000000", .expiresBeforeSigned),
        ("t=1790000000", "l=1.5", .unusable(tag: "l")),
        ("q=dns/txt", "q=dns/txt; q=dns/txt", .tagList(.duplicate(tag: "q"))),
        ("q=dns/txt", "q=dns/txt; naked", .tagList(.noValue)),
        ("bh=", "bx=", .missing(tag: "bh")), ("bh=", "bh=*", .unusable(tag: "bh")),
        (" b=", " b=*", .unusable(tag: "b")), (" b=", " bb=", .missing(tag: "b")),
    ])
    func refusesFields(_ old: String, _ new: String, _ defect: SignatureDefect) async throws {
        let bench = SigningBench()
        let signed = try bench.signed()
        #expect(signed.contains(old))
        let outcome = await bench.verify(
            signed.replacing(old, with: new, maxReplacements: 1))[0]
        #expect(outcome.reason == .unreadable(defect))
        #expect(outcome.result == .permerror)
        #expect(bench.zone.asked.isEmpty)
    }

    @Test func fromMustBeSigned() async throws {
        let bench = SigningBench()
        let signed = try bench.signed { settings in
            settings.signedFields = ["from"]
            settings.oversignedFields = []
        }
        let outcome = await bench.verify(signed.replacing("h=from;", with: "h=to;"))[0]
        #expect(outcome.reason == .unreadable(.fromNotSigned))
    }

    /// What others write is understood: folding everywhere, tags in any order, unknown tags.
    @Test(arguments: [
        ("v=1; a=", "v\r\n = \r\n 1 \r\n ; unknown=x; a="),
        ("q=dns/txt", "q=http/rest : dns/txt"),
        ("q=dns/txt", "i=\r\n J=6F\r\n e@football.\r\n example.com"),
        ("q=dns/txt", "i=@deep.football.example.com"),
        ("q=dns/txt", "i=\"a b\"@football.example.com"),
        ("t=1790000000", "x=99999999999999999999999999"),
    ])
    func readsFields(_ old: String, _ new: String) async throws {
        let bench = SigningBench()
        let outcome = await bench.verify(try bench.signed().replacing(old, with: new))[0]
        #expect(outcome.reason == .headerDiffers)
    }

    // MARK: Which fields are signed

    /// RFC 6376 §5.4.2: names take instances from the bottom, and a signature is not its own.
    @Test func takesInstancesFromTheBottom() async throws {
        let bench = SigningBench()
        let mail = "Received: one\r\nReceived: two\r\n" + SigningBench.mail
        let signed = try bench.signed(mail) { settings in
            settings.signedFields = ["from", "received"]
            settings.oversignedFields = []
        }
        let above = "Received: three\r\n" + signed
        #expect(await bench.verify(above)[0].result == .pass)
        let swapped = signed.replacing("Received: one\r\n", with: "")
            .replacing("Received: two\r\n", with: "Received: two\r\nReceived: one\r\n")
        #expect(await bench.verify(swapped)[0].reason == .headerDiffers)
        let twice = try bench.signed(signed) { $0.signedFields.append("dkim-signature") }
        #expect(await bench.verify(twice).map(\.result) == [.pass, .pass])
    }

    // MARK: Time

    @Test(
        arguments: [
            (-301, nil, DKIMReason.signedInFuture(at: 1_790_000_000)),
            (-300, nil, .verified),
            (0, 60, .verified), (60, 60, .verified),
            (61, 60, .expired(at: 1_790_000_060)),
        ] as [(Int64, Int64?, DKIMReason)])
    func looksAtTheClock(_ after: Int64, _ lifetime: Int64?, _ reason: DKIMReason) async throws {
        let bench = SigningBench()
        let signed = try bench.signed { $0.lifetimeSeconds = lifetime }
        bench.time.advance(seconds: after)
        let outcome = await bench.verify(signed)[0]
        #expect(outcome.reason == reason)
    }

    // MARK: The key

    @Test(
        arguments: [
            (.success(DNSAnswer(.noSuchName)), DKIMReason.noKey, DKIMResult.permerror),
            (.success(DNSAnswer(.noRecord)), .noKey, .permerror),
            (.success(DNSAnswer(.records([]))), .noKey, .permerror),
            (.failure(.timedOut), .dnsFailed("the DNS did not answer in time"), .temperror),
            (.failure(.answerTooLarge), .answerTooLarge, .permerror),
        ] as [(Result<DNSAnswer, DNSFailure>, DKIMReason, DKIMResult)])
    func asksTheDNS(
        _ answer: Result<DNSAnswer, DNSFailure>, _ reason: DKIMReason, _ result: DKIMResult
    ) async throws {
        let bench = SigningBench()
        bench.zone.put("rsa._domainkey.football.example.com", .txt, answer)
        let outcome = await bench.verify(try bench.signed())[0]
        #expect(outcome.reason == reason)
        #expect(outcome.result == result)
    }

    static let key = TestKey.rsaPublic

    @Test(
        arguments: [
            (["p=\(key)"], DKIMReason.verified),
            (["v=DKIM1;p=\(key)"], .verified),
            (["p=\(key.prefix(50)) \(key.dropFirst(50))"], .verified),
            (["p=\(key); unknown=x; n=note; t=y : s: z"], .verified),
            (["s=other : email; p=\(key)"], .verified),
            (["h=sha1:sha256; k=rsa; p=\(key)"], .verified),
            (["v=spf1 -all", "p=\(key)"], .verified),
            (["p=", "p=\(key)"], .verified),
            (["v=DKIM2; p=\(key)"], .key(.version)),
            (["p=\(key); v=DKIM1"], .key(.version)),
            (["k=rsa"], .key(.missingKey)), ([""], .key(.missingKey)),
            (["v=spf1 -all"], .key(.version)),
            (["p="], .key(.revoked)),
            (["p=*"], .key(.unusableKey)), (["p=AAAA"], .key(.unusableKey)),
            (["p=\(key.dropLast(4))"], .key(.unusableKey)),
            (["k=ed25519; p=\(key)"], .key(.otherKeyType("ed25519"))),
            (["h=sha1; p=\(key)"], .key(.hashNotAllowed)),
            (["s=tlsrpt; p=\(key)"], .key(.otherService)),
            (["p=\(key); p=\(key)"], .key(.tagList(.duplicate(tag: "p")))),
            (["p=", "p=", "p=", "p=", "p=\(key)"], .key(.revoked)),
        ] as [([String], DKIMReason)])
    func readsKeyRecords(_ texts: [String], _ reason: DKIMReason) async throws {
        let bench = SigningBench()
        bench.zone.put(
            "rsa._domainkey.football.example.com", .txt, texts.map { DNSRecord.txt($0) })
        let outcome = await bench.verify(try bench.signed())[0]
        #expect(outcome.reason == reason)
    }

    /// A record is the strings of one TXT in one piece.
    @Test func joinsStrings() async throws {
        let bench = SigningBench()
        bench.zone.put(
            "rsa._domainkey.football.example.com", .txt,
            [.txt("v=DKIM1; p=\(Self.key.prefix(100))", String(Self.key.dropFirst(100)))])
        #expect(await bench.verify(try bench.signed())[0].result == .pass)
    }

    @Test func tellsOfTesting() async throws {
        let bench = SigningBench()
        bench.zone.put("rsa._domainkey.football.example.com", .txt, [.txt("t=y; p=\(Self.key)")])
        let outcome = await bench.verify(try bench.signed())[0]
        #expect(outcome.result == .pass)
        #expect(outcome.isTesting)
    }

    @Test(
        arguments: [
            (nil, DKIMReason.verified), ("@football.example.com", .verified),
            ("joe@football.example.com", .verified),
            ("@deep.football.example.com", .identityInSubdomain),
        ] as [(String?, DKIMReason)])
    func keysMayBeForOneDomain(_ identity: String?, _ reason: DKIMReason) async throws {
        let bench = SigningBench()
        bench.zone.put("rsa._domainkey.football.example.com", .txt, [.txt("t=s; p=\(Self.key)")])
        let outcome = await bench.verify(try bench.signed { $0.identity = identity })[0]
        #expect(outcome.reason == reason)
    }

    /// Names are asked for once, whatever the number of signatures.
    @Test func asksOnce() async throws {
        let bench = SigningBench()
        let signed = try bench.signed(try bench.signed(try bench.signed(), by: .ed25519))
        #expect(await bench.verify(signed).map(\.result) == [.pass, .pass, .pass])
        #expect(
            bench.zone.asked.sorted() == [
                "txt ed._domainkey.football.example.com",
                "txt rsa._domainkey.football.example.com",
            ])
    }

    // MARK: The trace

    @Test func tellsItsSteps() async throws {
        let bench = SigningBench()
        let signed = try bench.signed { settings in
            settings.signedFields = ["from", "to"]
            settings.oversignedFields = ["from"]
        }
        let outcome = await bench.verify(signed)[0]
        #expect(
            outcome.steps.map(\.description) == [
                "read the signature: rsa-sha256, relaxed/relaxed, signs from, to, from",
                "asked for TXT rsa._domainkey.football.example.com: one record",
                "hashed 54 bytes of the body: 2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=, "
                    + "as signed",
                "read the key: rsa, 1024 bits",
                "checked the signature over 266 bytes of the header: it is good",
                "pass: the signature is good",
            ])
    }
}
