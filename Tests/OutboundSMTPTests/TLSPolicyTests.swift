import Crypto
import DNS
import DeliveryQueue
import MailModel
import NIOSSL
import OutboundSMTP
import Storage
import TestSupport
import Testing

/// Which TLS a mail gets, by what its domain, its exchanger's zone and the mail ask for.
@Suite struct TLSPolicyTests {
    /// One issuer, a server's certificate by it, and the same of another name.
    private struct Certificates {
        let issuer: TestCertificate
        let right: TestCertificate
        let other: TestCertificate

        init() throws {
            issuer = try TestCertificate(name: "Test Issuer")
            right = try TestCertificate(
                name: "mx.them.example", issuer: issuer, isAuthority: false)
            other = try TestCertificate(name: "other.example", issuer: issuer, isAuthority: false)
        }

        var roots: NIOSSLTrustRoots {
            get throws { .certificates([try issuer.nio]) }
        }
    }

    private let certificates: Certificates

    init() throws {
        certificates = try Certificates()
    }

    private func server(
        _ certificate: TestCertificate,
        _ change: @Sendable (inout ScriptedServer.State) -> Void = { _ in }
    ) async throws -> ScriptedServer {
        try await ScriptedServer(tls: certificate.serverContext([certificates.issuer]), change)
    }

    // MARK: Without a policy

    @Test func takesAnyCertificateWhereNoneIsAskedFor() async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port)
        let attempt = await sending.deliver()
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(attempt.tls == "TLSv1.3")
        #expect(sending.results.kinds == ["success"])
        #expect(
            server.state.commands.prefix(3) == ["EHLO us.example", "STARTTLS", "EHLO us.example"])
        try await server.end()
    }

    /// On a new connection, in the clear.
    @Test func goesOnInTheClearWhereTheHandshakeFails() async throws {
        let server = try await ScriptedServer {
            $0.extensions.append("STARTTLS")
            $0.habits[.startTLS] = .sayThen("220 go", "what is this")
        }
        let sending = try Sending(port: server.port)
        let attempt = await sending.deliver()
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(attempt.tls == nil)
        #expect(server.state.connections == 2)
        #expect(sending.results.kinds == ["validation-failure"])
        var mail = OutgoingMail.sample()
        mail.tls = .required
        #expect(await sending.deliver(mail).summary == "deferred 4.7.5 destination")
        try await server.end()
    }

    /// S2: what stands behind the answer to STARTTLS was said by whoever could.
    @Test func forgetsWhatWasSaidBeforeTLS() async throws {
        let server = try await server(certificates.right) {
            $0.habits[.startTLS] = .sayAndStartTLS("220 go\r\n250-evil\r\n250 AUTH PLAIN")
        }
        let sending = try Sending(port: 1, trustRoots: certificates.roots)
        let relay = Relay(
            host: "mx.them.example", port: server.port, security: .verified,
            login: Relay.Login(user: "us", password: "secret"))
        #expect(await sending.deliver(by: .relay(relay)).summary == "deferred 4.7.4 destination")
        #expect(server.state.commands == ["EHLO us.example", "STARTTLS", "EHLO us.example"])
        try await server.end()
    }

    @Test func requiresTLSWhereTheMailDoes() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        var mail = OutgoingMail.sample()
        mail.tls = .required
        #expect(await sending.deliver(mail).summary == "deferred 4.7.4 destination")
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        // A connection in the clear is none for it.
        #expect(await sending.deliver(mail).summary == "deferred 4.7.4 destination")
        #expect(server.state.mails.count == 1)
        try await server.end()
    }

    // MARK: MTA-STS

    private func putPolicy(_ sending: Sending, mode: String, mx: String = "*.them.example") {
        sending.resolver.put("_mta-sts.them.example", .txt, [.txt("v=STSv1; id=1;")])
        sending.fetcher.put(
            "mta-sts.them.example",
            .success("version: STSv1\r\nmode: \(mode)\r\nmx: \(mx)\r\nmax_age: 86400\r\n"))
    }

    @Test func takesTheRightCertificateWhereMTASTSIsEnforced() async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port, trustRoots: certificates.roots)
        putPolicy(sending, mode: "enforce")
        let attempt = await sending.deliver()
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(sending.results.kinds == ["success"])
        #expect(
            sending.results.all.first?.policy
                == .sts(
                    ["version: STSv1", "mode: enforce", "mx: *.them.example", "max_age: 86400"],
                    hosts: ["*.them.example"]))
        try await server.end()
    }

    @Test func takesNoOtherCertificateWhereMTASTSIsEnforced() async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, trustRoots: certificates.roots)
        putPolicy(sending, mode: "enforce")
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["certificate-host-mismatch"])
        #expect(server.state.mails.isEmpty)
        try await server.end()
    }

    @Test func takesNoIssuerThatNobodyTrusts() async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port)
        putPolicy(sending, mode: "enforce")
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["certificate-not-trusted"])
        try await server.end()
    }

    @Test func tellsACertificateWhoseTimeIsOver() async throws {
        let expired = try TestCertificate(
            name: "mx.them.example", issuer: certificates.issuer, isAuthority: false, days: -1)
        let server = try await server(expired)
        let sending = try Sending(port: server.port, trustRoots: certificates.roots)
        putPolicy(sending, mode: "enforce")
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["certificate-expired"])
        try await server.end()
    }

    @Test func goesNotToAHostThatThePolicyDoesNotName() async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port, trustRoots: certificates.roots)
        putPolicy(sending, mode: "enforce", mx: "mail.them.example")
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["validation-failure"])
        #expect(server.state.connections == 0)
        try await server.end()
    }

    /// What would have failed is told, and the mail goes nevertheless.
    @Test func onlyTellsWhereMTASTSIsTested() async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, trustRoots: certificates.roots)
        putPolicy(sending, mode: "testing")
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(sending.results.kinds.first == "certificate-host-mismatch")
        try await server.end()
    }

    /// A policy that was had stands until its time is over, whatever is kept from us.
    @Test func keepsAPolicy() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        putPolicy(sending, mode: "enforce")
        let refused = "deferred 4.7.4 destination"
        #expect(await sending.deliver().summary == refused)
        #expect(await sending.deliver().summary == refused)
        #expect(sending.fetcher.asked == ["mta-sts.them.example"])
        sending.resolver.put("_mta-sts.them.example", .txt, .failure(.timedOut))
        #expect(await sending.deliver().summary == refused)
        sending.resolver.put("_mta-sts.them.example", .txt, [.txt("v=STSv1; id=2;")])
        sending.fetcher.put("mta-sts.them.example", .failure(.failed("500")))
        #expect(await sending.deliver().summary == refused)
        #expect(await sending.deliver().summary == refused)
        #expect(sending.fetcher.asked.count == 2)
        #expect(sending.results.kinds.contains("sts-policy-fetch-error"))
        sending.time.advance(seconds: 86_400)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(sending.fetcher.asked.count == 3)
        try await server.end()
    }

    // MARK: DANE

    enum Binding: String, CaseIterable, Sendable {
        case publicKey = "3 1 1"
        case certificate = "3 0 2"
        case exact = "3 0 0"
        case issuerKey = "2 1 1"
        case issuer = "2 0 0"
    }

    private func record(_ binding: Binding, _ certificate: TestCertificate) throws -> TLSARecord {
        switch binding {
        case .publicKey:
            TLSARecord(
                usage: 3, selector: 1, matchingType: 1,
                data: Array(SHA256.hash(data: try certificate.publicKeyBytes)))
        case .certificate:
            TLSARecord(
                usage: 3, selector: 0, matchingType: 2,
                data: Array(SHA512.hash(data: try certificate.bytes)))
        case .exact:
            TLSARecord(usage: 3, selector: 0, matchingType: 0, data: try certificate.bytes)
        case .issuerKey:
            TLSARecord(
                usage: 2, selector: 1, matchingType: 1,
                data: Array(SHA256.hash(data: try certificates.issuer.publicKeyBytes)))
        case .issuer:
            TLSARecord(usage: 2, selector: 0, matchingType: 0, data: try certificates.issuer.bytes)
        }
    }

    private func put(
        _ records: [TLSARecord], _ sending: Sending, _ server: ScriptedServer, isSecure: Bool = true
    ) {
        sending.resolver.put(
            "_\(server.port)._tcp.mx.them.example", .tlsa,
            .success(DNSAnswer(.records(records.map(DNSRecord.certificate)), isSecure: isSecure)))
    }

    @Test(arguments: Binding.allCases)
    func takesWhatTheZoneNames(_ binding: Binding) async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port, isSecure: true)
        let record = try record(binding, certificates.right)
        put([record], sending, server)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(sending.results.kinds == ["success"])
        #expect(sending.results.all.first?.policy == .tlsa([record.description]))
        try await server.end()
    }

    /// An issuer vouches for names; a key of the server's own for itself.
    @Test(arguments: Binding.allCases)
    func takesNothingElse(_ binding: Binding) async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, isSecure: true)
        put([try record(binding, certificates.right)], sending, server)
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["validation-failure"])
        #expect(server.state.mails.isEmpty)
        try await server.end()
    }

    @Test func asksNoNameAndNoDateOfAKey() async throws {
        let expired = try TestCertificate(name: "any.example", days: -1)
        let server = try await server(expired)
        let sending = try Sending(port: server.port, isSecure: true)
        put([try record(.publicKey, expired)], sending, server)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        try await server.end()
    }

    /// RFC 7672 §2.2: with records that none can use, TLS of any kind.
    @Test func requiresTLSWhereNoRecordCanBeUsed() async throws {
        let unusable = TLSARecord(usage: 1, selector: 1, matchingType: 1, data: [1])
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, isSecure: true)
        put([unusable], sending, server)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        let clear = try await ScriptedServer()
        let other = try Sending(port: clear.port, isSecure: true)
        put([unusable], other, clear)
        #expect(await other.deliver().summary == "deferred 4.7.4 destination")
        try await server.end()
        try await clear.end()
    }

    @Test func passesOverWhatIsNotProven() async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, isSecure: true)
        put([try record(.publicKey, certificates.right)], sending, server, isSecure: false)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        let insecure = try Sending(port: server.port)
        put([try record(.publicKey, certificates.right)], insecure, server)
        #expect(await insecure.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(!insecure.resolver.asked.contains { $0.hasPrefix("tlsa") })
        try await server.end()
    }

    /// RFC 7672 §2.1.2: what is kept from us may be what protects the mail.
    @Test func goesNotWhereTheRecordsAreKeptFromUs() async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port, isSecure: true)
        sending.resolver.put(
            "_\(server.port)._tcp.mx.them.example", .tlsa, .failure(.bogus("signature expired")))
        #expect(await sending.deliver().summary == "deferred 4.7.5 destination")
        #expect(sending.results.kinds == ["dnssec-invalid"])
        #expect(server.state.connections == 0)
        try await server.end()
    }

    /// RFC 8461 §2: DANE first.
    @Test func takesDANEsWordBeforeMTASTSs() async throws {
        let server = try await server(certificates.other)
        let sending = try Sending(port: server.port, isSecure: true)
        putPolicy(sending, mode: "enforce", mx: "mail.them.example")
        put([try record(.publicKey, certificates.other)], sending, server)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        try await server.end()
    }

    // MARK: REQUIRETLS

    @Test func goesOnlyToWhoPromisesTheSame() async throws {
        let server = try await server(certificates.right)
        let sending = try Sending(port: server.port, isSecure: true)
        let mail = OutgoingMail.sample(tls: .verifiedOnward)
        put([try record(.publicKey, certificates.right)], sending, server)
        #expect(await sending.deliver(mail).summary == "failed 5.7.30 mail")
        server.change { $0.extensions.append("REQUIRETLS") }
        // The first connection has not heard of it.
        sending.courier.close()
        let other = try Sending(port: server.port, isSecure: true)
        put([try record(.publicKey, certificates.right)], other, server)
        #expect(await other.deliver(mail).summary == "delivered 250 2.0.0 taken")
        #expect(server.state.mails.last?.commands.first == "MAIL FROM:<us@us.example> REQUIRETLS")
        let unproven = try Sending(port: server.port)
        #expect(await unproven.deliver(mail).summary == "failed 5.7.30 mail")
        try await server.end()
    }

    /// A policy that is tested proves whom it names, and stops nothing else.
    @Test(arguments: [
        ("mx.them.example", false, "delivered 250 2.0.0 taken"),
        ("mail.them.example", false, "failed 5.7.30 mail"),
        ("mail.them.example", true, "delivered 250 2.0.0 taken"),
    ])
    func goesToWhoIsProvenWhereMTASTSIsTested(
        _ mx: String, isSecure: Bool, _ result: String
    ) async throws {
        let server = try await server(certificates.right) { $0.extensions.append("REQUIRETLS") }
        let sending = try Sending(
            port: server.port, trustRoots: certificates.roots, isSecure: isSecure)
        putPolicy(sending, mode: "testing", mx: mx)
        #expect(await sending.deliver(.sample(tls: .verifiedOnward)).summary == result)
        #expect(server.state.mails.count == (result.hasPrefix("delivered") ? 1 : 0))
        try await server.end()
    }

    /// RFC 8689 §3: `TLS-Required: No`
    @Test func whatIsWaivedStopsNothing() async throws {
        let server = try await server(certificates.other)
        let mail = OutgoingMail.sample(tls: .waived)
        let named = try Sending(port: server.port, isSecure: true)
        put([try record(.publicKey, certificates.right)], named, server)
        #expect(await named.deliver().summary != "delivered 250 2.0.0 taken")
        #expect(await named.deliver(mail).summary == "delivered 250 2.0.0 taken")
        let bogus = try Sending(port: server.port, isSecure: true)
        bogus.resolver.put(
            "_\(server.port)._tcp.mx.them.example", .tlsa, .failure(.bogus("signature expired")))
        #expect(await bogus.deliver(mail).summary == "delivered 250 2.0.0 taken")
        let enforced = try Sending(port: server.port)
        putPolicy(enforced, mode: "enforce", mx: "mail.them.example")
        #expect(await enforced.deliver(mail).summary == "delivered 250 2.0.0 taken")
        try await server.end()
    }

    // MARK: Relays

    @Test func logsInAtARelay() async throws {
        let server = try await server(certificates.right) { $0.extensions.append("AUTH PLAIN") }
        let sending = try Sending(port: 1, trustRoots: certificates.roots)
        let relay = Relay(
            host: "mx.them.example", port: server.port, security: .verified,
            login: Relay.Login(user: "us", password: "secret"))
        #expect(await sending.deliver(by: .relay(relay)).summary == "delivered 250 2.0.0 taken")
        #expect(server.state.commands.contains("AUTH PLAIN AHVzAHNlY3JldA=="))
        try await server.end()
    }

    @Test func sendsNoPasswordToAnother() async throws {
        let server = try await server(certificates.other) { $0.extensions.append("AUTH PLAIN") }
        let sending = try Sending(port: 1, trustRoots: certificates.roots)
        let relay = Relay(
            host: "mx.them.example", port: server.port, security: .verified,
            login: Relay.Login(user: "us", password: "secret"))
        #expect(await sending.deliver(by: .relay(relay)).summary == "deferred 4.7.5 destination")
        #expect(!server.state.commands.contains { $0.hasPrefix("AUTH") })
        try await server.end()
    }

    @Test func speaksTLSFromTheFirstByte() async throws {
        let server = try await ScriptedServer(
            tls: certificates.right.serverContext([certificates.issuer]), isImplicitTLS: true)
        let sending = try Sending(port: 1, trustRoots: certificates.roots)
        let relay = Relay(host: "mx.them.example", port: server.port, security: .implicit)
        let attempt = await sending.deliver(by: .relay(relay))
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(attempt.tls == "TLSv1.3")
        #expect(server.state.commands.first == "EHLO us.example")
        try await server.end()
    }
}
