import Accounts
import DNS
import MailAuthentication
import MailModel
import Storage
import TestSupport
import Testing

@Suite struct SendingVerifierTests {
    private let senders = Senders()
    private let domain = Senders.domain

    private var uses: [SigningKeyUse] {
        get throws { try senders.identities.signingKeys(for: domain) }
    }

    @Test func easyDKIMSignsOnceAllItsRecordsAreFound() async throws {
        let begun = try await senders.setup.startEasyDKIM(domain)
        #expect(begun.keys.count == 3)
        #expect(begun.keys.allSatisfy { $0.selector.count == 32 })
        #expect(senders.status == .pending)
        let again = try await senders.setup.startEasyDKIM(domain)
        #expect(again.keys == begun.keys)

        _ = try await senders.verifier.check(domain.ascii)
        #expect(senders.status == .pending)
        #expect(try uses.isEmpty)
        senders.publish()
        let checked = try #require(try await senders.verifier.check(domain.ascii))
        #expect(checked.dkim?.watch.status == .success)
        #expect(checked.keys.count { $0.facts.state == .active } == 2)
        #expect(try uses.map(\.key.algorithm) == [.rsaSHA256, .ed25519SHA256])
        #expect(try uses.map(\.key.bits) == [2_048, 256])
        #expect(try uses.allSatisfy { $0.domain == domain })
    }

    @Test func oneRecordThatIsMissingKeepsItPending() async throws {
        let begun = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        senders.zone.put(
            "\(begun.keys[1].selector)._domainkey.\(domain)", .txt, [.txt("v=DKIM1; p=AAAA")])
        let checked = try #require(try await senders.verifier.check(domain.ascii))
        #expect(checked.dkim?.watch.status == .pending)
        #expect(checked.dkim?.watch.lastCheck?.error == .invalidValue)
        #expect(try uses.isEmpty)
    }

    @Test func keysFollowOneAnother() async throws {
        _ = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        let first = try uses.map(\.selector)
        try await senders.pass(days: 89)
        #expect(try uses.map(\.selector) == first)
        try await senders.pass(days: 1)
        let second = try uses.map(\.selector)
        #expect(second[0] != first[0] && second[1] == first[1])
        #expect(senders.states.count { $0 == .retiring } == 1)
        // The selector of the old one holds the next Ed25519 key, once nobody looks for the old.
        try await senders.pass(days: 23)
        #expect(senders.states.count { $0 == .retiring } == 1)
        try await senders.pass(days: 1)
        #expect(senders.states.count { $0 == .pending } == 1)
        try await senders.pass(days: 30)
        #expect(try uses.map(\.selector) == second, "its record was not published")
        senders.publish()
        try await senders.pass(days: 1)
        #expect(try uses.map(\.selector) == second, "its record was not there for long")
        try await senders.pass(days: 2)
        #expect(try uses.map(\.selector) == [second[0], first[0]])
    }

    @Test func whatIsGoneSignsForThreeDays() async throws {
        let begun = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        for key in begun.keys {
            senders.zone.put(
                "\(key.selector)._domainkey.\(domain)", .txt, .failure(.timedOut))
        }
        try await senders.pass(days: 1)
        #expect(senders.status == .success, "a DNS that does not answer takes nothing")
        for key in begun.keys {
            senders.zone.put(
                "\(key.selector)._domainkey.\(domain)", .txt, .success(DNSAnswer(.noSuchName)))
        }
        try await senders.pass(days: 1)
        #expect(senders.status == .temporaryFailure)
        #expect(try uses.count == 2)
        try await senders.pass(days: 4)
        try await senders.pass(days: 1)
        #expect(senders.status == .failed)
        #expect(try uses.isEmpty)
        senders.publish()
        _ = try await senders.setup.startEasyDKIM(domain)
        _ = try await senders.verifier.check(domain.ascii)
        #expect(senders.status == .success)
        #expect(try uses.count == 2)
    }

    @Test func subdomainsSignAsTheirDomain() async throws {
        _ = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        let below = Domain(validatedASCII: "news.ours.example")
        #expect(try senders.identities.signingKeys(for: below).count == 2)
        let others = Domain(validatedASCII: "ours.example.org")
        #expect(try senders.identities.signingKeys(for: others).isEmpty)
        _ = try await senders.setup.setSigning(false, of: domain)
        #expect(try senders.identities.signingKeys(for: below).isEmpty)
        #expect(senders.status == .success)
    }

    @Test func anotherRootKeyIsSeenAtOnce() async throws {
        _ = try await senders.setup.startEasyDKIM(domain)
        #expect(senders.identities.checkSecrets().finding == .allOpen)
        let others = Senders(store: senders.store, root: 8)
        try await others.identities.reload()
        guard case .otherKey = others.identities.checkSecrets().finding else {
            Issue.record("nothing opens under it")
            return
        }
    }

    @Test(arguments: [1, 3])
    func damagedKeysAloneAreRemoved(_ count: Int) async throws {
        let begun = try await senders.setup.startEasyDKIM(domain)
        var hit = begun
        for index in 0..<count { hit.keys[index].sealedPrivateKey.removeLast() }
        #expect(try await senders.store.replace(begun, with: hit))
        try await senders.identities.reload()
        let places = hit.keys.prefix(count).map {
            DKIMKeyRecord.place($0.selector, of: domain.ascii)
        }
        #expect(
            senders.identities.checkSecrets().finding
                == .damaged(places.map { .damaged(place: $0) }))
        try await senders.identities.removeClosedSecrets()
        let left = try #require(senders.identities.record(of: domain.ascii))
        #expect(left.keys == Array(begun.keys.dropFirst(count)))
        #expect((left.dkim == nil) == left.keys.isEmpty)
        #expect(senders.identities.checkSecrets().finding == .allOpen)
        let again = try await senders.setup.startEasyDKIM(domain)
        #expect(Set(left.keys).isSubset(of: again.keys))
        #expect(
            again.keys.map(\.facts.algorithm.rawValue).sorted() == ["ed25519", "rsa", "rsa"])
    }

    /// Keys that take the place of damaged ones sign once their records are found, and not before:
    /// meanwhile those do whose records are there, and where there are none, nobody.
    @Test(arguments: [
        ([DKIMKeyRecord.State.active], 1), ([.active, .pending], 0),
    ])
    func aKeyThatIsNeverPublishedNeverSigns(
        _ damaged: [DKIMKeyRecord.State], _ signing: Int
    ) async throws {
        _ = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        let whole = try #require(try await senders.verifier.check(domain.ascii))
        var hit = whole
        for index in hit.keys.indices where damaged.contains(hit.keys[index].facts.state) {
            hit.keys[index].sealedPrivateKey.removeLast()
        }
        #expect(try await senders.store.replace(whole, with: hit))
        try await senders.identities.reload()
        try await senders.identities.removeClosedSecrets()
        let begun = try await senders.setup.startEasyDKIM(domain)
        #expect(begun.keys.count == 3)
        let published = Set(whole.keys.map(\.selector))
        for _ in 0..<8 {
            try await senders.pass(days: 1)
            let signs = try uses
            #expect(signs.count == signing)
            #expect(signs.allSatisfy { published.contains($0.selector) })
        }
        #expect(senders.status == (signing > 0 ? .success : .failed))
        senders.publish()
        _ = try await senders.setup.startEasyDKIM(domain)
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try uses.map(\.key.algorithm) == [.rsaSHA256, .ed25519SHA256])
    }

    // MARK: MAIL FROM

    private func setMailFrom(_ behavior: MailFromSettings.Behavior) async throws {
        _ = try await senders.setup.setMailFrom("bounce.ours.example", behavior, of: domain)
    }

    private func publishMailFrom(_ exchanges: [DNSRecord], _ texts: [DNSRecord]) async throws {
        senders.zone.put("bounce.ours.example", .mx, exchanges)
        senders.zone.put("bounce.ours.example", .txt, texts)
        _ = try await senders.verifier.check(domain.ascii)
    }

    private var mailFrom: MailFromSettings? {
        senders.identities.record(of: domain.ascii)?.mailFrom
    }

    private static let ours = DNSRecord.exchange(
        preference: 10, host: Domain(validatedASCII: "mx.mail.example"))
    private static let policy = DNSRecord.txt("v=spf1 include:mail.example ~all")

    @Test func bouncesGoToTheMailFromDomainWhileItsRecordsAreThere() async throws {
        #expect(senders.identities.returnDomain(for: domain) == .standard)
        try await setMailFrom(.useDefaultValue)
        #expect(senders.identities.returnDomain(for: domain) == .standard)
        try await publishMailFrom([Self.ours], [.txt("x"), Self.policy])
        let bounces = Domain(validatedASCII: "bounce.ours.example")
        #expect(mailFrom?.watch.status == .success)
        #expect(senders.identities.returnDomain(for: domain) == .custom(bounces))
        try await publishMailFrom([], [Self.policy])
        #expect(mailFrom?.watch.status == .temporaryFailure)
        #expect(senders.identities.returnDomain(for: domain) == .standard)
        try await setMailFrom(.rejectMessage)
        #expect(mailFrom?.watch.status == .temporaryFailure)
        #expect(senders.identities.returnDomain(for: domain) == .refused(bounces))
        _ = try await senders.setup.clearMailFrom(of: domain)
        #expect(senders.identities.returnDomain(for: domain) == .standard)
    }

    @Test(arguments: [
        ([ours, ours], [policy], "alone"),
        ([.exchange(preference: 0, host: nil)], [policy], "alone"),
        ([ours], [.txt("v=spf1 -all")], "include"),
        ([ours], [.txt("v=spf1 include:mail.example.org -all")], "include"),
        ([ours], [policy, policy], "2 records"),
        ([ours], [.txt("v=spf10 include:mail.example")], "no record of SPF"),
    ])
    func saysWhatAMailFromDomainLacks(
        _ exchanges: [DNSRecord], _ texts: [DNSRecord], _ lacking: String
    ) async throws {
        try await setMailFrom(.useDefaultValue)
        try await publishMailFrom(exchanges, texts)
        #expect(mailFrom?.watch.status == .pending)
        #expect(mailFrom?.watch.lastCheck?.detail.contains(lacking) == true)
    }

    @Test(arguments: [
        ("v=spf1 -all", false, false), ("v=spf1", false, false),
        ("v=spf1 include:mail.example ~all", true, false),
        ("v=spf1 -all include:mail.example", false, false),
        ("v=spf1 redirect=mail.example", true, false),
        ("v=spf1 redirect=mail.example -all", false, false),
        ("v=spf1 -include:mail.example ~all", false, false),
        ("v=spf1 a:mx.mail.example -all", true, true), ("v=spf1 +A:MX.mail.example", true, true),
        ("v=spf1 ip4:192.0.2.1 mx -all", true, true), ("v=spf1 ~all mx", false, false),
        ("v=spf1 ?a:mx.mail.example -all", false, false),
        ("v=spf1 a:mx.mail.example.org -all", false, false),
    ])
    func aMailFromDomainLetsUsSend(
        _ policy: String, _ withService: Bool, _ without: Bool
    ) async throws {
        for (senders, isLet) in [(senders, withService), (Senders(serviceDomain: nil), without)] {
            _ = try await senders.setup.setMailFrom(
                "bounce.ours.example", .useDefaultValue, of: domain)
            senders.zone.put("bounce.ours.example", .mx, [Self.ours])
            senders.zone.put("bounce.ours.example", .txt, [.txt(policy)])
            let identity = try await senders.verifier.check(domain.ascii)
            #expect(identity?.mailFrom?.watch.status == (isLet ? .success : .pending))
        }
    }

    @Test(arguments: ["ours.example", "other.example", "", "xours.example", "a b.ours.example"])
    func aMailFromDomainIsBelowTheIdentity(_ text: String) async {
        await #expect(throws: SenderSetup.Problem.self) {
            try await senders.setup.setMailFrom(text, .useDefaultValue, of: domain)
        }
    }
}
