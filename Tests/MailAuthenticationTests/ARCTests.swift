import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// Chains that are made here and verified here. RFC 8617
@Suite struct ARCTests {
    let bench = SigningBench()

    private static let results = "mx.example; spf=pass smtp.mfrom=a.example;\r\n dkim=none"

    private func sealed(
        _ mail: String = SigningBench.mail, by key: TestKey = .rsa, selector: String? = nil
    ) async throws -> String? {
        let sealer = ARCSealer(
            domain: SigningBench.domain, selector: selector ?? key.selector,
            key: try key.signingKey)
        let read = SignedMail(Array(mail.utf8), forms: [ARCSealer.form])
        let fields = try sealer.fields(
            for: read, results: Array(Self.results.utf8),
            chain: await bench.verifyChain(mail).result,
            at: SigningBench.now)
        return fields.map { String(decoding: $0, as: UTF8.self) + mail }
    }

    private func chain(_ count: Int) async throws -> String {
        var mail = SigningBench.mail
        for number in 0..<count {
            mail = try #require(await sealed(mail, by: number % 2 == 0 ? .rsa : .ed25519))
        }
        return mail
    }

    @Test func noSetIsNone() async {
        let outcome = await bench.verifyChain(SigningBench.mail)
        #expect(outcome.result == .none)
        #expect(outcome.reason == .noSets)
        #expect(outcome.oldestPass == nil)
    }

    @Test(arguments: [1, 2, 3, 7])
    func passes(_ count: Int) async throws {
        let outcome = await bench.verifyChain(try await chain(count), findsOldestPass: true)
        #expect(outcome.result == .pass)
        #expect(outcome.setsCount == count)
        #expect(outcome.oldestPass == 0)
        #expect(outcome.sealers == Array(repeating: SigningBench.domain, count: count))
    }

    /// What a list does between two sealers breaks the first message signature, not the chain.
    @Test func findsTheOldestPass() async throws {
        let first = try #require(await sealed())
        let changed = first.replacing("Is dinner", with: "[list] Is dinner")
        let broken = await bench.verifyChain(changed)
        #expect(broken.reason == .messageSignature(instance: 1, .headerDiffers))
        // The list found the chain good before it changed the mail.
        let sealer = ARCSealer(
            domain: SigningBench.domain, selector: "rsa", key: try TestKey.rsa.signingKey)
        let fields = try sealer.fields(
            for: SignedMail(Array(changed.utf8), forms: [ARCSealer.form]),
            results: Array(Self.results.utf8), chain: await bench.verifyChain(first).result,
            at: SigningBench.now)
        let second = String(decoding: try #require(fields), as: UTF8.self) + changed
        let outcome = await bench.verifyChain(second, findsOldestPass: true)
        #expect(outcome.result == .pass)
        #expect(outcome.oldestPass == 2)
        #expect(
            outcome.steps.map(\.description).suffix(3) == [
                "checked the message signature of set 1, by football.example.com: "
                    + "\(DKIMReason.headerDiffers)", "the mail is unchanged since set 2",
                "pass: \(ARCReason.verified)",
            ])
        // Who does not want to know has nothing looked at for it.
        let plain = await bench.verifyChain(second)
        #expect(plain.result == .pass)
        #expect(plain.oldestPass == nil)
        #expect(plain.steps.count == outcome.steps.count - 2)
    }

    /// Six sets, each with a key of its own, and after how many keys it is known that it is broken.
    @Test(
        "P5 keys are asked for while all is good so far, and few at a time",
        arguments: [
            ("We lost", "We won", 1), ("i=6; mx.example", "i=6; mx.other", 4),
            ("i=2; mx.example", "i=2; mx.other", 4), ("Joe.", "Joe.", 6),
        ])
    func asksLazily(_ old: String, _ new: String, _ count: Int) async throws {
        var mail = SigningBench.mail
        for number in 1...6 {
            let selector = "k\(number)"
            bench.zone.put(
                "\(selector)._domainkey.football.example.com", .txt,
                [.txt(SigningBench.rsaRecord)])
            mail = try #require(await sealed(mail, selector: selector))
        }
        let asked = bench.zone.asked.count
        let outcome = await bench.verifyChain(mail.replacing(old, with: new))
        #expect((outcome.result == .pass) == (old == new))
        #expect(bench.zone.asked.count - asked == count)
    }

    @Test(
        "P1 a header section that may be read otherwise has no chain",
        arguments: ["Pay to account 666\r\n", "--b: c\r\n", "X: a\rb\r\n", ": x\r\n"])
    func malformedHeaders(_ line: String) async throws {
        let mail = try await chain(1)
        let changed = mail.replacing("\r\n\r\n", with: "\r\n\(line)\r\n", maxReplacements: 1)
        let asked = bench.zone.asked.count
        let outcome = await bench.verifyChain(changed)
        #expect(outcome.result == .fail)
        guard case .structure(.malformedHeader) = outcome.reason else {
            Issue.record("\(outcome.reason)")
            return
        }
        #expect(bench.zone.asked.count == asked)
        await #expect(throws: SigningFailure.self) { try await sealed(changed) }
    }

    /// One change of a chain of two, and what it comes to.
    @Test(arguments: [
        ("We lost", "We won", ARCReason.messageSignature(instance: 2, .bodyDiffers)),
        ("To: Suzie", "To: Joe", .messageSignature(instance: 2, .headerDiffers)),
        ("i=1; mx.example", "i=1; mx.other", .seal(instance: 2, .headerDiffers)),
        ("i=2; mx.example", "i=2; mx.other", .seal(instance: 2, .headerDiffers)),
        ("cv=pass", "cv=none", .structure(.chainValue(instance: 2))),
        ("cv=none", "cv=pass", .structure(.chainValue(instance: 1))),
        ("cv=pass", "cv=fail", .failedBefore),
        (
            "cv=pass", "cv=good",
            .structure(
                .unreadable(field: "arc-seal", instance: 2, .unusable(tag: "cv")))
        ),
        (
            "cv=pass", "h=from; cv=pass",
            .structure(.unreadable(field: "arc-seal", instance: 2, .unusable(tag: "h")))
        ),
        (
            "ARC-Seal: a=rsa", "X-Seal: a=rsa",
            .structure(.missing(field: "arc-seal", instance: 1))
        ),
        (
            "i=2; mx.example", "i=1; mx.example",
            .structure(.duplicate(field: "arc-authentication-results", instance: 1))
        ),
        (
            "i=2; mx.example", "i=51; mx.example",
            .structure(.noInstance(field: "arc-authentication-results"))
        ),
        (
            "i=2; mx.example", "i=0; mx.example",
            .structure(.noInstance(field: "arc-authentication-results"))
        ),
        ("h=from:", "h=arc-seal:from:", .structure(.signsSeals(instance: 2))),
    ])
    func tellsWhatIsWrong(_ old: String, _ new: String, _ reason: ARCReason) async throws {
        let mail = try await chain(2)
        #expect(mail.contains(old))
        let outcome = await bench.verifyChain(
            mail.replacing(old, with: new, maxReplacements: 1))
        #expect(outcome.result == .fail)
        #expect(outcome.reason == reason)
        #expect(!outcome.reason.isTemporary)
    }

    @Test func aDNSThatFailsIsTemporary() async throws {
        let mail = try await chain(1)
        bench.zone.put("rsa._domainkey.football.example.com", .txt, .failure(.timedOut))
        let outcome = await bench.verifyChain(mail)
        #expect(outcome.result == .fail)
        #expect(outcome.reason.isTemporary)
    }

    /// RFC 8617 §5.1.2: over the new set alone, and then nobody seals any more.
    @Test func sealsABrokenChainOnce() async throws {
        let broken = try await chain(2).replacing("We lost", with: "We won")
        let sealed = try #require(await sealed(broken))
        #expect(sealed.hasPrefix("ARC-Seal: a=rsa-sha256;\r\n b="))
        #expect(sealed.contains("cv=fail"))
        #expect(await bench.verifyChain(sealed).reason == .failedBefore)
        #expect(try await self.sealed(sealed) == nil)
    }

    @Test("P5 fifty sets pass, and are not added to; with fifty-one there is no chain")
    func setsAtTheLimit() async throws {
        let mail = try await chain(50)
        #expect(await bench.verifyChain(mail).result == .pass)
        #expect(try await sealed(mail) == nil)
        let more = "ARC-Seal: i=50\r\n" + mail
        #expect(await bench.verifyChain(more).reason == .structure(.tooManySets))
    }

    @Test(
        "P1 results that are more than one field are not sealed",
        arguments: [
            "mx.example; none\r\nX-Evil: y", "mx.example; none\r\n\r\nbody", "mx.example\nX: y",
        ])
    func resultsAreOneField(_ results: String) throws {
        let sealer = ARCSealer(
            domain: SigningBench.domain, selector: "rsa", key: try TestKey.rsa.signingKey)
        let mail = SignedMail(Array(SigningBench.mail.utf8), forms: [ARCSealer.form])
        #expect(throws: SigningFailure.self) {
            try sealer.fields(
                for: mail, results: Array(results.utf8), chain: .none,
                at: SigningBench.now)
        }
    }

    @Test func toldByComments() async throws {
        let mail = try await chain(1)
        let outcome = await bench.verifyChain(
            mail.replacing("i=1; mx.example", with: "(a;b) i = 1 (c) ; mx.example"))
        // It is the first set's, and not what was sealed.
        #expect(outcome.reason == .seal(instance: 1, .headerDiffers))
    }
}
