import DNS
import DeliveryQueue
import MailModel
import Storage

/// What is asked of one exchanger: by its domain, by its zone, and by the mail.
struct HostPolicy: Equatable {
    enum Decision: Equatable {
        /// The first is tried, and after a failure of TLS the next.
        case use([TLSPolicy])
        /// The mail must not go there.
        case refuse(SessionFailure)
    }

    var decision: Decision
    /// What results are told of.
    var basis: TLSResult.Policy

    /// What the zone says of the host's certificate.
    enum TLSA: Equatable {
        /// Nothing that is proven.
        case none
        case records([TLSARecord])
        /// Not known, and it may be kept from us. RFC 7672 §2.1.2
        case failed(DNSFailure)
    }

    /// `isSecure`: whether signatures prove that `host` is the domain's. DANE goes first, and what it
    /// says stands whatever MTA-STS says (RFC 8461 §2). A mail that waives it is sent as if the domain
    /// asked for nothing. RFC 8689 §3
    init(
        host: Domain, domain: Domain, isSecure: Bool, tlsa: TLSA, sts: STSPolicy?,
        demand: TLSDemand
    ) {
        let name = host.ascii
        guard demand != .waived else {
            basis = .none
            decision = .use(Self.weaker(demand))
            return
        }
        switch tlsa {
        case .failed(let failure):
            basis = .tlsa([])
            decision = .refuse(
                SessionFailure(.connecting, .tls(TLSFailure(.dnssecInvalid, "\(failure)"))))
            return
        case .records(let records):
            basis = .tlsa(records.map(\.description))
            if let dane = DANEPolicy(records, names: [name, domain.ascii]) {
                decision = .use([.dane(dane)])
            } else {
                decision = .use([demand == .verifiedOnward ? .verified(name: name) : .required])
            }
            return
        case .none: break
        }
        guard let sts, sts.mode != .none else {
            basis = .none
            decision = Self.withoutPolicy(name, isSecure: isSecure, demand)
            return
        }
        basis = .sts(sts.lines, hosts: sts.patterns)
        switch (sts.allows(host), sts.mode) {
        case (false, .testing) where demand == .verifiedOnward:
            decision = Self.withoutPolicy(name, isSecure: isSecure, demand)
        case (_, .testing): decision = .use([.verified(name: name)] + Self.weaker(demand))
        case (true, _): decision = .use([.verified(name: name)])
        case (false, _):
            let failure = TLSFailure(
                .validationFailure, "the MTA-STS policy of \(domain) does not name it")
            decision = .refuse(SessionFailure(.connecting, .tls(failure)))
        }
    }

    private static func withoutPolicy(
        _ name: String, isSecure: Bool, _ demand: TLSDemand
    ) -> Decision {
        switch demand {
        case .opportunistic, .waived: .use(weaker(demand))
        case .required: .use([.required])
        // RFC 8689 §4.2.1: who the exchanger is has to be proven, not its certificate alone.
        case .verifiedOnward where isSecure: .use([.verified(name: name)])
        case .verifiedOnward: .refuse(SessionFailure(.connecting, .lacks(.proof)))
        }
    }

    /// What a mail goes with where nothing is proven.
    private static func weaker(_ demand: TLSDemand) -> [TLSPolicy] {
        switch demand {
        case .opportunistic, .waived: [.opportunistic, .fallback]
        case .required: [.required]
        case .verifiedOnward: []
        }
    }
}
