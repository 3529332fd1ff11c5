import Accounts
import DNS
import Foundation
import LibCrypto
import MailModel
import Storage
import TestSupport
import Testing

/// Keys that the owner of a domain brings.
@Suite struct BroughtKeyTests {
    private let senders = Senders()
    private let domain = Senders.domain

    private func key(bits: Int) async throws -> String {
        Data(try #require(await LibCryptoRSA().makePrivateKey(bits: bits))).base64EncodedString()
    }

    @Test(arguments: [1_024, 2_048, 3_072])
    func isTaken(_ bits: Int) async throws {
        let identity = try await senders.setup.bringKey(
            try await key(bits: bits), at: "Mine-1", of: domain)
        #expect(identity.keys.map(\.selector) == ["mine-1"])
        #expect(identity.keys.first?.facts.bits == bits)
        #expect(identity.dkim?.origin == .external)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try senders.identities.signingKeys(for: domain).map(\.selector) == ["mine-1"])
    }

    @Test func isTakenAsPEM() async throws {
        let lines = try await key(bits: 1_024)
        let text = """
            -----BEGIN RSA PRIVATE KEY-----
            \(lines)
            -----END RSA PRIVATE KEY-----

            """
        let identity = try await senders.setup.bringKey(text, at: "mine", of: domain)
        #expect(identity.keys.count == 1)
    }

    @Test func theOldKeysSignUntilItIsFound() async throws {
        _ = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        let before = try senders.identities.signingKeys(for: domain).map(\.selector)
        _ = try await senders.setup.bringKey(try await key(bits: 1_024), at: "mine", of: domain)
        #expect(try senders.identities.signingKeys(for: domain).map(\.selector) == before)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try senders.identities.signingKeys(for: domain).map(\.selector) == ["mine"])
        try await senders.pass(days: 24)
        #expect(senders.states == [.active], "what nobody looks for any more is gone")
    }

    @Test func aKeyThatWasNeverPublishedHoldsUpNoOther() async throws {
        _ = try await senders.setup.bringKey(try await key(bits: 1_024), at: "typo", of: domain)
        _ = try await senders.verifier.check(domain.ascii)
        #expect(senders.status == .pending)
        let second = try await senders.setup.bringKey(
            try await key(bits: 1_024), at: "mine", of: domain)
        #expect(second.keys.map(\.selector) == ["mine"])
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        #expect(senders.status == .success)
        #expect(try senders.identities.signingKeys(for: domain).map(\.selector) == ["mine"])
    }

    private var signing: [String] {
        get throws { try senders.identities.signingKeys(for: domain).map(\.selector) }
    }

    @Test func oneThatIsBroughtAgainStaysWhereEasyDKIMWasToFollow() async throws {
        let mine = try await key(bits: 1_024)
        _ = try await senders.setup.bringKey(mine, at: "mine", of: domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        _ = try await senders.setup.startEasyDKIM(domain)
        let again = try await senders.setup.bringKey(mine, at: "mine", of: domain)
        #expect(again.dkim?.origin == .external)
        #expect(again.keys.map(\.selector) == ["mine"])
        #expect(try signing == ["mine"], "it signs on without a look")
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try signing == ["mine"])
    }

    @Test func oneThatEasyDKIMHasFollowedSignsAgain() async throws {
        let mine = try await key(bits: 1_024)
        _ = try await senders.setup.bringKey(mine, at: "mine", of: domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        _ = try await senders.setup.startEasyDKIM(domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try signing.count == 2 && !signing.contains("mine"))
        _ = try await senders.setup.bringKey(mine, at: "mine", of: domain)
        #expect(try signing.count == 2, "those before it, until it is found")
        _ = try await senders.verifier.check(domain.ascii)
        #expect(try signing == ["mine"])
    }

    @Test(arguments: ["mine", "other"])
    func anotherLookBeginsWhereTheRecordIsGone(_ selector: String) async throws {
        let mine = try await key(bits: 1_024)
        _ = try await senders.setup.bringKey(mine, at: "mine", of: domain)
        senders.publish()
        _ = try await senders.verifier.check(domain.ascii)
        senders.zone.put("mine._domainkey.\(domain)", .txt, .success(DNSAnswer(.noSuchName)))
        for _ in 0..<6 { try await senders.pass(days: 1) }
        #expect(senders.status == .failed)
        let next = selector == "mine" ? mine : try await key(bits: 1_024)
        _ = try await senders.setup.bringKey(next, at: selector, of: domain)
        #expect(senders.status == .pending)
        let new = try #require(
            senders.identities.record(of: domain.ascii)?.keys.first { $0.selector == selector })
        senders.zone.put(
            "\(selector)._domainkey.\(domain)", .txt,
            [.txt("v=DKIM1; k=rsa; ", "p=\(new.facts.publicKey)")])
        _ = try await senders.verifier.check(domain.ascii)
        #expect(senders.status == .success)
        #expect(try signing == [selector])
    }

    @Test func thoseThatSignGoOnUntilTheNextOneFollows() async throws {
        for selector in ["first", "second"] {
            let key = try await key(bits: 1_024)
            _ = try await senders.setup.bringKey(key, at: selector, of: domain)
            if selector == "second" { #expect(try signing == ["first"]) }
            senders.publish()
            _ = try await senders.verifier.check(domain.ascii)
            #expect(try signing == ["first"])
        }
        try await senders.pass(days: 2)
        #expect(try signing == ["second"])
    }

    @Test func aSelectorIsNotUsedForTwoKeys() async throws {
        let first = try await key(bits: 1_024)
        _ = try await senders.setup.bringKey(first, at: "mine", of: domain)
        _ = try await senders.setup.bringKey(first, at: "mine", of: domain)
        let second = try await key(bits: 1_024)
        await #expect(throws: SenderSetup.Problem.self) {
            try await senders.setup.bringKey(second, at: "mine", of: domain)
        }
    }

    @Test(arguments: ["", "a.b", "a_b", "-a", "a-", "ä", "a b", String(repeating: "a", count: 64)])
    func aSelectorIsALabel(_ selector: String) async throws {
        let key = try await key(bits: 1_024)
        await #expect(throws: SenderSetup.Problem.self) {
            try await senders.setup.bringKey(key, at: selector, of: domain)
        }
    }

    @Test(arguments: ["", "no key", "AAAA", String(repeating: "A", count: 20_481)])
    func whatIsNoKeyIsRefused(_ text: String) async {
        await #expect(throws: SenderSetup.Problem.self) {
            try await senders.setup.bringKey(text, at: "mine", of: domain)
        }
    }

    @Test(arguments: [512, 768])
    func aKeyThatIsTooSmallIsRefused(_ bits: Int) async throws {
        guard let encoded = await LibCryptoRSA().makePrivateKey(bits: bits) else { return }
        let text = Data(encoded).base64EncodedString()
        await #expect(throws: SenderSetup.Problem.self) {
            try await senders.setup.bringKey(text, at: "mine", of: domain)
        }
    }
}
