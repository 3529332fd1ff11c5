import DNS
package import MailModel
package import Storage

/// The records of the DNS that sending needs, as lines of a zone file: what those who have an
/// identity publish, and what stands in the service domain's own zone.
package struct SendingRecords: Sendable {
    /// The domain of Martlet's own, to which the customers' records point; what `amazonses.com` is
    /// for SES. Nil: they hold the keys themselves.
    package let serviceDomain: Domain?
    /// Where bounces are taken: the server's name.
    package let hostname: Domain
    private static let secondsToLive: Int32 = 1_800

    package init(serviceDomain: Domain?, hostname: Domain) {
        self.serviceDomain = serviceDomain
        self.hostname = hostname
    }

    // MARK: DKIM

    /// Where receivers look for a key; nil where the name would be too long.
    static func name(ofKey selector: String, of identity: String) -> Domain? {
        try? Domain(parsing: "\(selector)._domainkey.\(identity)")
    }

    /// What a key's record says. RFC 6376 §3.6.1
    static func text(of key: DKIMKeyRecord) -> String {
        "v=DKIM1; k=\(key.facts.algorithm.rawValue); p=\(key.facts.publicKey)"
    }

    /// What is to be published for a key of `identity`: an alias into the service domain where
    /// there is one and we made the key, else the key.
    package func zoneFileLine(of key: DKIMKeyRecord, of identity: String) -> String {
        let name = "\(key.selector)._domainkey.\(identity)"
        guard key.facts.origin == .easy, let target = target(of: key) else {
            return line(name, Self.data(of: key))
        }
        return line(name, "CNAME \(target).")
    }

    /// The name in the service domain that holds a key of Easy DKIM.
    private func target(of key: DKIMKeyRecord) -> String? {
        serviceDomain.map { "\(key.selector).dkim.\($0)" }
    }

    private static func data(of key: DKIMKeyRecord) -> String {
        "TXT \(textRecord(of: key).zoneFileText)"
    }

    private static func textRecord(of key: DKIMKeyRecord) -> DNSRecord {
        let bytes = Array(text(of: key).utf8)
        return .text(
            stride(from: 0, to: bytes.count, by: 255).map { start in
                Array(bytes[start..<min(start + 255, bytes.count)])
            })
    }

    // MARK: MAIL FROM

    /// What a MAIL FROM domain's record of SPF is to name: the service domain's, else our host.
    var senderMechanism: String { serviceDomain.map { "include:\($0)" } ?? "a:\(hostname)" }

    package func zoneFileLines(of mailFrom: MailFromSettings) -> [String] {
        [
            line(mailFrom.domain, "MX 10 \(hostname)."),
            line(
                mailFrom.domain, "TXT \(DNSRecord.quoted("v=spf1 \(senderMechanism) ~all".utf8))"),
        ]
    }

    // MARK: The service domain

    /// Of a service domain, in bytes: before it stand a selector and `dkim`, in a name of at most
    /// 253. RFC 1035 §2.3.4
    package static let serviceDomainBytesMax = 180

    /// Where the keys of Easy DKIM stand; nothing else does, and nobody else's.
    private var keysDomain: Domain? {
        serviceDomain.map { Domain(validatedASCII: "dkim.\($0)") }
    }

    /// Whether all that stands at `name` is ours.
    func isOurs(_ name: Domain) -> Bool { keysDomain.map(name.isBelow) ?? false }

    /// Where the service domain's bounces go, and who may send for it.
    private func head(of domain: Domain) -> [ZoneRecord] {
        let policy = Array("v=spf1 a:\(hostname) ~all".utf8)
        return [.exchange(preference: 10, host: hostname), .text([policy])].map {
            ZoneRecord(domain, $0, secondsToLive: Self.secondsToLive)
        }
    }

    /// The keys of `identity` that stand in the service domain, by selector.
    private func keys(of identity: SendingIdentity) -> [ZoneRecord] {
        identity.keys.filter { $0.facts.origin == .easy && $0.facts.state != .retired }
            .sorted { $0.selector < $1.selector }
            .compactMap { key in
                target(of: key).map {
                    ZoneRecord(
                        Domain(validatedASCII: $0), Self.textRecord(of: key),
                        secondsToLive: Self.secondsToLive)
                }
            }
    }

    /// Every record of the service domain; none without one.
    func zoneRecords(of identities: [SendingIdentity]) -> [ZoneRecord] {
        guard let serviceDomain else { return [] }
        return head(of: serviceDomain) + identities.flatMap(keys)
    }

    /// The records of the service domain's zone, to be included in it: where its bounces go, who
    /// may send for it, and the keys of Easy DKIM that identities point to. Nil without a service
    /// domain. RFC 1035 §5.1
    package func zone(of identities: [SendingIdentity]) -> String? {
        guard let serviceDomain else { return nil }
        var lines = [
            "; \(serviceDomain): what sending needs. Include it in the zone, which has the SOA and NS."
        ]
        lines += head(of: serviceDomain).map(\.zoneFileLine)
        for identity in identities.sorted(by: { $0.name < $1.name }) {
            let keys = keys(of: identity)
            guard !keys.isEmpty else { continue }
            lines.append("; \(identity.name)")
            lines += keys.map(\.zoneFileLine)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(_ name: String, _ data: String) -> String {
        "\(name). \(Self.secondsToLive) IN \(data)"
    }
}
