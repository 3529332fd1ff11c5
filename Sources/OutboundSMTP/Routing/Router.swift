import DNS
import DeliveryQueue
import MailModel
import SMTPProtocol

/// Finds the hosts of a domain and their addresses. RFC 5321 §5.1
struct Router: Sendable {
    enum Exchangers: Equatable {
        /// The best first. `isSecure`: signatures prove that they are the domain's.
        case hosts([Domain], isSecure: Bool)
        case nowhere(DeliveryVerdict)
    }

    enum Addresses: Equatable {
        /// At least one.
        case found([IPAddress], isSecure: Bool)
        case nowhere(DeliveryVerdict)
        /// It is this server, and mail for the domain does not end here.
        case ourselves
    }

    let settings: DeliverySettings
    let resolver: any DNSResolver
    let random: any RandomSource

    // MARK: Hosts

    func exchangers(of domain: Domain) async -> Exchangers {
        let answer: DNSAnswer
        do throws(DNSFailure) {
            answer = try await resolver.ask(domain, .mx)
        } catch {
            return .nowhere(Self.failed(domain, error))
        }
        switch answer.content {
        case .noSuchName: return .nowhere(Self.noSuchDomain(domain))
        // RFC 5321 §5.1: the domain itself, as if an MX record named it.
        case .noRecord: return .hosts([domain], isSecure: answer.isSecure)
        case .records(let records): return exchangers(of: domain, records, answer.isSecure)
        }
    }

    private struct Exchanger {
        var preference: Int
        var host: Domain
    }

    private func exchangers(
        of domain: Domain, _ records: [DNSRecord], _ isSecure: Bool
    ) -> Exchangers {
        let all = records.compactMap { record -> Exchanger? in
            guard case .exchange(let preference, let host?) = record else { return nil }
            return Exchanger(preference: preference, host: host)
        }
        guard !all.isEmpty else {
            // RFC 7505 §3: the one record of a domain that has no mail.
            let isNull = records.contains { $0.isNullExchange }
            return .nowhere(isNull ? Self.noMail(domain) : Self.noHost(domain))
        }
        let ours = all.filter { settings.ourselves.names.contains($0.host) }.map(\.preference).min()
        var kept = all
        if let ours, !settings.ourselves.receives(domain) {
            kept = all.filter { $0.preference < ours }
            guard !kept.isEmpty else { return .nowhere(Self.loop(domain)) }
        }
        var generator = PortGenerator(random)
        kept.shuffle(using: &generator)
        // The sort may part equals; what the shuffle made of them stays.
        let ordered = kept.enumerated().sorted {
            ($0.element.preference, $0.offset) < ($1.element.preference, $1.offset)
        }
        return .hosts(ordered.map(\.element.host), isSecure: isSecure)
    }

    // MARK: Addresses

    /// Of an exchanger of `domain`: IPv6 and IPv4 by turns, each family in any order.
    func addresses(of host: Domain, for domain: Domain) async -> Addresses {
        let found = await addresses(of: host)
        guard case .found(let addresses, let isSecure) = found else { return found }
        if addresses.contains(where: settings.ourselves.addresses.contains),
            !settings.ourselves.receives(domain)
        {
            return .ourselves
        }
        let reachable = addresses.filter { refusal(of: $0) == nil }
        guard !reachable.isEmpty else {
            return .nowhere(Self.unreachable(host.ascii, addresses.first.flatMap(refusal) ?? ""))
        }
        return .found(reachable, isSecure: isSecure)
    }

    /// Of a relay, which the operator has named.
    func addresses(of host: Domain) async -> Addresses {
        async let six = ask(host, .aaaa)
        async let four = ask(host, .a)
        let answers = await [six, four]
        let families = answers.map { answer in
            (try? answer.get())?.records.compactMap(\.address) ?? []
        }
        guard families.contains(where: { !$0.isEmpty }) else {
            for case .failure(let failure) in answers {
                return .nowhere(Self.failed(host, failure))
            }
            return .nowhere(Self.noAddress(host))
        }
        let isSecure = answers.allSatisfy { answer in
            guard let answer = try? answer.get(), !answer.records.isEmpty else { return true }
            return answer.isSecure
        }
        var generator = PortGenerator(random)
        return .found(
            Self.byTurns(families.map { $0.shuffled(using: &generator) }), isSecure: isSecure)
    }

    private func ask(_ host: Domain, _ type: DNSRecordType) async -> Result<DNSAnswer, DNSFailure> {
        do throws(DNSFailure) {
            return .success(try await resolver.ask(host, type))
        } catch {
            return .failure(error)
        }
    }

    private static func byTurns(_ families: [[IPAddress]]) -> [IPAddress] {
        let longest = families.map(\.count).max() ?? 0
        return (0..<longest).flatMap { index in
            families.compactMap { $0.indices.contains(index) ? $0[index] : nil }
        }
    }

    /// Why a stranger's record, or a recipient's address, must not lead us there; nil where it may.
    func refusal(of address: IPAddress) -> String? {
        let reach = address.reach
        guard reach != .global, !settings.allowsPrivateAddresses else { return nil }
        return "\(address) is no address of the open internet (\(reach.rawValue))"
    }

    // MARK: What there is to say

    private static func failed(_ name: Domain, _ failure: DNSFailure) -> DeliveryVerdict {
        .temporary(
            .host, .destination, EnhancedStatusCode(4, 4, 3), "looking up \(name): \(failure)")
    }

    private static func noSuchDomain(_ domain: Domain) -> DeliveryVerdict {
        .final(.mail, EnhancedStatusCode(5, 1, 2), "there is no domain \(domain)")
    }

    private static func noMail(_ domain: Domain) -> DeliveryVerdict {
        .final(.mail, EnhancedStatusCode(5, 1, 10), "\(domain) takes no mail (null MX)")
    }

    private static func noHost(_ domain: Domain) -> DeliveryVerdict {
        .final(
            .mail, EnhancedStatusCode(5, 4, 4), "the MX records of \(domain) name no host")
    }

    private static func noAddress(_ host: Domain) -> DeliveryVerdict {
        .final(.host, EnhancedStatusCode(5, 4, 4), "\(host) has no address")
    }

    static func loop(_ domain: Domain) -> DeliveryVerdict {
        .final(
            .host, EnhancedStatusCode(5, 4, 6),
            "the mail of \(domain) would come back to us: its exchanger is this server")
    }

    static func unreachable(_ host: String, _ reason: String) -> DeliveryVerdict {
        .final(.host, EnhancedStatusCode(5, 4, 4), "\(host) must not be reached: \(reason)")
    }
}

extension DNSRecord {
    fileprivate var address: IPAddress? {
        if case .address(let address) = self { address } else { nil }
    }

    fileprivate var isNullExchange: Bool {
        if case .exchange(_, nil) = self { true } else { false }
    }
}

/// Swift's random numbers by our port.
struct PortGenerator: RandomNumberGenerator {
    private let random: any RandomSource

    init(_ random: any RandomSource) {
        self.random = random
    }

    mutating func next() -> UInt64 {
        random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
