import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// P8: a domain of mail may have 255 bytes, a name in the DNS 253. What cannot be asked has an answer
/// for good: an attacker must not get a `temperror` for it, which DMARC would wait for.
@Suite struct LongNameTests {
    @Test(arguments: [
        (253, DKIMReason.noKey), (254, .unreadable(.unusable(tag: "s"))),
        (255, .unreadable(.unusable(tag: "s"))),
    ])
    func keyNames(_ bytes: Int, _ reason: DKIMReason) async {
        let prefix = "s._domainkey."
        let domain = LongNames.below("bank.example", bytes: bytes - prefix.utf8.count)
        let bench = SigningBench()
        let mail =
            "DKIM-Signature: v=1; a=rsa-sha256; d=\(domain); s=s; h=from; bh=AAAA; b=AAAA\r\n"
            + SigningBench.mail
        let outcome = await bench.verify(mail)[0]
        #expect(outcome.reason == reason)
        #expect(outcome.result == .permerror)
        #expect(bench.zone.asked.count == (reason == .noKey ? 1 : 0))
    }

    @Test(arguments: [(253, true), (254, false), (255, false)])
    func senders(_ bytes: Int, _ isAsked: Bool) async throws {
        let domain = Domain(validatedASCII: LongNames.below("bank.example", bytes: bytes))
        let address = try #require(IPAddress("192.0.2.7"))
        let path = ReversePath.mailbox(Mailbox(validatedLocalPart: "x", domain: domain))
        for sender in [
            SPFSender(address, helo: "mail.example", mailFrom: path),
            SPFSender(address, helo: domain.ascii),
        ] {
            let zone = ZoneResolver()
            let outcome = await SPFVerifier(
                resolver: zone, time: ManualTime(), receiver: Domain(validatedASCII: "mx.example")
            ).check(sender)
            #expect(outcome.result == .none)
            #expect(outcome.reason == (isAsked ? .noRecord(domain) : .noDomain))
            #expect(zone.asked.count == (isAsked ? 1 : 0))
        }
    }
}
