import Accounts
import MailModel
import Storage
import TestSupport
import Testing

@Suite struct SendingRecordsTests {
    private static let time = Timestamp(milliseconds: 1_790_000_000_000)

    private func identity(_ name: String, _ states: [DKIMKeyRecord.State]) -> SendingIdentity {
        var identity = SendingIdentity(account: .main, name: name)
        identity.dkim = DKIMSettings(
            origin: .easy, isEnabled: true, watch: .pending(from: Self.time))
        identity.keys = states.enumerated().map { index, state in
            DKIMKeyRecord(
                selector: "\(name.prefix(1))token\(index)",
                facts: DKIMKeyRecord.Facts(
                    algorithm: index == 1 ? .ed25519 : .rsa, origin: .easy, bits: 2_048,
                    publicKey: String(repeating: "A", count: index == 1 ? 44 : 392),
                    state: state, createdAt: Self.time),
                sealedPrivateKey: [])
        }
        return identity
    }

    private func records(_ serviceDomain: String?) -> SendingRecords {
        SendingRecords(
            serviceDomain: serviceDomain.map(Domain.init(validatedASCII:)),
            hostname: Domain(validatedASCII: "mx.mail.example"))
    }

    @Test func theZoneIsAsItWas() throws {
        var brought = identity("own.example", [.active])
        brought.keys[0].facts.origin = .external
        let zone = try #require(
            records("mail.example").zone(of: [
                identity("two.example", [.active, .retiring, .retired]), brought,
                identity("one.example", [.active, .active, .pending]),
            ]))
        let path = ProjectFiles.fixture("zones/service.zone")
        #expect(try Golden.text(path, updatedTo: zone) == zone)
    }

    @Test func withoutAServiceDomainThereIsNoZone() {
        #expect(records(nil).zone(of: []) == nil)
    }

    @Test func anIdentityPublishesAnAliasOrTheKey() throws {
        let key = try #require(identity("one.example", [.active, .active]).keys.last)
        #expect(
            records("mail.example").zoneFileLine(of: key, of: "one.example")
                == "otoken1._domainkey.one.example. 1800 IN CNAME otoken1.dkim.mail.example.")
        let text = "v=DKIM1; k=ed25519; p=\(String(repeating: "A", count: 44))"
        #expect(
            records(nil).zoneFileLine(of: key, of: "one.example")
                == "otoken1._domainkey.one.example. 1800 IN TXT \"\(text)\"")
    }

    @Test func aMailFromDomainPublishesItsTwo() {
        let settings = MailFromSettings(
            domain: "b.one.example", behavior: .useDefaultValue, watch: .pending(from: Self.time))
        #expect(
            records("mail.example").zoneFileLines(of: settings) == [
                "b.one.example. 1800 IN MX 10 mx.mail.example.",
                "b.one.example. 1800 IN TXT \"v=spf1 include:mail.example ~all\"",
            ])
        #expect(
            records(nil).zoneFileLines(of: settings).last
                == "b.one.example. 1800 IN TXT \"v=spf1 a:mx.mail.example ~all\"")
    }
}
