package import MailModel
import SMTPProtocol
import Storage

/// Where recipients wait, and how one comes from there to its next hop.
package struct RouteTable: Sendable {
    static let relayPrefix = "relay:"

    /// Hosts that the operator has named, by name.
    package var relays: [String: Relay]
    /// The relay that takes what no other route says: a smart host.
    package var smartHost: String?
    /// The relay of a domain and its subdomains.
    package var byDomain: [String: String]

    package init(
        relays: [String: Relay] = [:], smartHost: String? = nil, byDomain: [String: String] = [:]
    ) {
        self.relays = relays
        self.smartHost = smartHost
        self.byDomain = byDomain
    }

    /// The name of the destination where mail for `domain` waits.
    package func destination(of domain: Domain) -> String {
        (byDomain.closest(to: domain.ascii) ?? smartHost).map { Self.relayPrefix + $0 }
            ?? domain.ascii
    }

    /// The name of the destination where mail waits that a rule hands on to `relay`; nil where there
    /// is none of that name.
    package func destination(ofRelay relay: String) -> String? {
        relays[relay].map { _ in Self.relayPrefix + relay }
    }

    /// Nil where the relay was taken out of the configuration, or the name is none.
    package func route(for destination: String) -> Route? {
        if destination.hasPrefix(Self.relayPrefix) {
            return relays[String(destination.dropFirst(Self.relayPrefix.count))].map(Route.relay)
        }
        if destination.hasPrefix("[") {
            return literal(destination).map(Route.address)
        }
        return .exchangers(of: Domain(validatedASCII: destination))
    }

    /// RFC 5321 §4.1.3
    private func literal(_ destination: String) -> IPAddress? {
        let text = destination.dropFirst().dropLast()
        let prefix = "ipv6:"
        return IPAddress(
            String(text.lowercased().hasPrefix(prefix) ? text.dropFirst(prefix.count) : text))
    }
}

extension DeliveryProblem {
    static func noRoute(_ destination: String) -> DeliveryProblem {
        DeliveryProblem(
            .destination, status: EnhancedStatusCode(4, 3, 5),
            detail: "the configuration has no \(destination)")
    }

    static func unreadable(_ failure: StorageFailure) -> DeliveryProblem {
        DeliveryProblem(
            .mail, status: EnhancedStatusCode(4, 3, 0),
            detail: "the mail cannot be read: \(failure)")
    }
}
