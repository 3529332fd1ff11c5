import Accounts
import DNS
import MailModel
import Storage
import TestSupport
import Testing

/// A domain whose keys are published is its owner's, whatever stands at the other record. SES: Easy
/// DKIM's three records verify an identity.
@Suite struct DKIMVerifiesTests {
    private let senders = Senders()
    private let domains: Domains
    private let name = Senders.domain.ascii

    init() async throws {
        domains = Domains(senders: senders.identities)
        _ = try await domains.add(Senders.domain.ascii)
        _ = try await senders.setup.startEasyDKIM(Senders.domain)
    }

    private var status: IdentityRecord.Status? { domains.directory.records.first?.status }

    @Test func foundKeysVerifyTheDomain() async throws {
        #expect(try await domains.verifier.checkUnverified(name) == nil)
        #expect(status == .pending)
        senders.publish()
        _ = try await senders.verifier.check(name)
        let (old, new) = try #require(try await domains.verifier.checkUnverified(name))
        #expect(old.status == .pending && new.status == .success)
        #expect(new.lastCheck?.detail.hasSuffix("its DKIM records verify it") == true)
        #expect(try await domains.verifier.checkUnverified(name) == nil, "it is verified")
    }

    @Test func oneOfTheThreeDoesNot() async throws {
        let key = try #require(senders.identities.record(of: name)?.keys.first)
        senders.zone.put(
            "\(key.selector)._domainkey.\(name)", .txt, [.txt("v=DKIM1; p=\(key.facts.publicKey)")])
        _ = try await senders.verifier.check(name)
        #expect(try await domains.verifier.checkUnverified(name) == nil)
        #expect(status == .pending)
    }

    /// Whoever looks after the zone of the target has to know that it is there that something lacks.
    @Test(arguments: [
        (DNSAnswer.Content.noSuchName, "there is no name "), (.noRecord, "has no TXT record"),
        (.records([.txt("v=DKIM1; p=AAAA")]), "no TXT record of "),
    ])
    func namesTheTargetOfAnAlias(_ content: DNSAnswer.Content, _ lack: String) async throws {
        let key = try #require(senders.identities.record(of: name)?.keys.first)
        let alias = "\(key.selector)._domainkey.\(name)"
        let target = Domain(validatedASCII: "\(key.selector).dkim.mail.example")
        senders.zone.put(alias, .txt, .success(DNSAnswer(content, target: target)))
        _ = try await senders.verifier.check(name)
        let detail = try #require(
            senders.identities.record(of: name)?.dkim?.watch.lastCheck?.detail)
        #expect(detail.hasPrefix("\(alias) is an alias, and "))
        #expect(detail.contains(lack) && detail.contains(target.ascii))
    }

    @Test func whatIsGoneNoLongerVerifies() async throws {
        senders.publish()
        _ = try await senders.verifier.check(name)
        _ = try await domains.verifier.checkUnverified(name)
        for key in senders.identities.record(of: name)?.keys ?? [] {
            senders.zone.put("\(key.selector)._domainkey.\(name)", .txt, [.txt("v=DKIM1; p=")])
        }
        _ = try await senders.verifier.check(name)
        domains.time.advance(seconds: 2 * 86_400)
        #expect(try await domains.verifier.checkDue().first?.1.status == .temporaryFailure)
    }

    @Test func aConfigurationSetIsOfSubdomainsToo() async throws {
        for bad in ["", "a b", "ü", String(repeating: "a", count: 65)] {
            await #expect(throws: SenderSetup.Problem.self) {
                _ = try await senders.setup.setConfigurationSet(bad, of: Senders.domain)
            }
        }
        let longest = String(repeating: "A", count: 62) + "_-"
        _ = try await senders.setup.setConfigurationSet(longest, of: Senders.domain)
        let below = Domain(validatedASCII: "shop.\(name)")
        #expect(senders.identities.configurationSet(for: below) == longest)
        _ = try await senders.setup.setConfigurationSet(nil, of: Senders.domain)
        #expect(senders.identities.configurationSet(for: below) == nil)
    }
}
