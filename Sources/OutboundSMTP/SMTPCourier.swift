package import DNS
package import DeliveryQueue
package import MailModel
package import NIOCore
import SMTPProtocol
import Storage

/// Takes mails to their next hops over SMTP or LMTP.
///
/// For a domain: its exchangers in their order, each at its addresses, until one takes the mail or
/// refuses it; which TLS each must have its zone, its domain's policy and the mail say together.
/// Connections are kept for a while and serve other mails that ask the same of them.
package final class SMTPCourier: Courier {
    private let settings: DeliverySettings
    private let router: Router
    private let random: any RandomSource
    private let policies: STSPolicies
    private let certificates: ZoneCertificates
    private let results: any TLSResultLog
    private let connector: Connector

    /// Throws what is wrong with the trust roots.
    package init(
        _ settings: DeliverySettings, resolver: any DNSResolver, random: any RandomSource,
        time: any TimeSource, fetcher: any PolicyFetcher, results: any TLSResultLog,
        group: any EventLoopGroup
    ) throws {
        self.settings = settings
        self.random = random
        self.results = results
        let resolver = PatientResolver(resolver, questionsMax: settings.limits.questionsMax)
        router = Router(settings: settings, resolver: resolver, random: random)
        policies = STSPolicies(resolver: resolver, fetcher: fetcher, time: time)
        certificates = ZoneCertificates(resolver: resolver, port: settings.port)
        connector = try Connector(settings, group: group)
    }

    /// Ends the connections that no mail is on, and those with a mail when it has ended.
    package func close() {
        connector.cache.close()
    }

    package func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt {
        guard let pool = settings.pools[mail.pool ?? ""] ?? (mail.pool == nil ? [] : nil) else {
            return DeliveryAttempt(.deferred(Self.noPool(mail.pool ?? "")))
        }
        var run = DeliveryRun(
            mail, settings.limits,
            door: Door(pool.map(\.address), connector: connector, random: random))
        switch route {
        case .exchangers(let domain): return await deliver(to: domain, &run)
        case .address(let address): return await deliver(to: address, &run)
        case .relay(let relay): return await deliver(by: relay, &run)
        }
    }

    private static func noPool(_ name: String) -> DeliveryProblem {
        DeliveryProblem(
            .mail, status: EnhancedStatusCode(4, 3, 5),
            detail: "there is no pool of sending addresses named \(name)")
    }

    // MARK: A domain

    private func deliver(to domain: Domain, _ run: inout DeliveryRun) async -> DeliveryAttempt {
        switch await router.exchangers(of: domain) {
        case .nowhere(let verdict): run.note(verdict)
        case .hosts(let hosts, let isSecure):
            let finding = await policies.policy(of: domain)
            if let failure = finding.failure {
                results.note(
                    TLSResult(domain: domain, policy: .sts([], hosts: []), failure: failure))
            }
            for host in hosts.prefix(settings.limits.hostsMax) where run.goesOn {
                let addresses: [IPAddress]
                let isHostSecure: Bool
                switch await router.addresses(of: host, for: domain) {
                case .found(let found, let isProven):
                    addresses = found
                    isHostSecure = isSecure && isProven
                case .nowhere(let verdict):
                    run.note(verdict)
                    continue
                case .ourselves:
                    // RFC 5321 §5.1: nor to those that come after us.
                    run.note(Router.loop(domain))
                    return run.attempt
                }
                let policy = HostPolicy(
                    host: host, domain: domain, isSecure: isSecure,
                    tlsa: await certificates.of(host, isSecure: isHostSecure),
                    sts: finding.policy, demand: run.mail.tls)
                let log = ExchangerLog(results, domain: domain, host: host, policy.basis)
                await run.deliver(
                    to: Place(host: host.ascii, port: settings.port), addresses, policy.decision,
                    log)
            }
        }
        return run.attempt
    }

    // MARK: An address

    private func deliver(to address: IPAddress, _ run: inout DeliveryRun) async -> DeliveryAttempt {
        let host = address.isIPv6 ? "[IPv6:\(address)]" : "[\(address)]"
        if let refusal = router.refusal(of: address) {
            run.note(Router.unreachable(host, refusal))
        } else if settings.ourselves.addresses.contains(address) {
            run.note(Router.loop(Domain(validatedASCII: host)))
        } else {
            await run.deliver(
                to: Place(host: host, port: settings.port), [address],
                Self.decision(run.mail.tls), nil)
        }
        return run.attempt
    }

    private static func decision(_ demand: TLSDemand) -> HostPolicy.Decision {
        switch demand {
        case .opportunistic, .waived: .use([.opportunistic, .fallback])
        case .required: .use([.required])
        case .verifiedOnward: .refuse(SessionFailure(.connecting, .lacks(.proof)))
        }
    }

    // MARK: A relay

    private func deliver(by relay: Relay, _ run: inout DeliveryRun) async -> DeliveryAttempt {
        var place = Place(host: relay.host, port: relay.port)
        place.transport = relay.transport
        place.login = relay.login
        let decision = Self.decision(relay, run.mail.tls)
        if let address = IPAddress(relay.host) {
            await run.deliver(to: place, [address], decision, nil)
            return run.attempt
        }
        guard let name = try? Domain(parsing: relay.host) else {
            run.note(
                .temporary(
                    .host, .destination, EnhancedStatusCode(4, 3, 5),
                    "\(relay.host) is no name of a relay"))
            return run.attempt
        }
        switch await router.addresses(of: name) {
        case .found(let addresses, _): await run.deliver(to: place, addresses, decision, nil)
        case .nowhere(let verdict): run.note(verdict.forARelay)
        case .ourselves: break
        }
        return run.attempt
    }

    private static func decision(
        _ relay: Relay, _ demand: TLSDemand
    ) -> HostPolicy.Decision {
        switch (relay.security, demand) {
        case (.none, _): .use([.none])
        case (.implicit, _): .use([.implicit(name: relay.host)])
        case (.verified, _), (.opportunistic, .verifiedOnward):
            .use([.verified(name: relay.host)])
        case (.opportunistic, .required): .use([.required])
        case (.opportunistic, .opportunistic), (.opportunistic, .waived):
            // A password goes nowhere in the clear.
            .use(relay.login == nil ? [.opportunistic, .fallback] : [.required])
        }
    }
}

extension DeliveryVerdict {
    /// What the operator has named may be named otherwise soon.
    fileprivate var forARelay: DeliveryVerdict {
        let status = EnhancedStatusCode(4, problem.status.subject, problem.status.detail)
        return .temporary(.host, .destination, status, problem.detail)
    }
}
