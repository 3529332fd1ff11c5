import DNS
import MailModel

/// The DNS as one check may ask it: counted and in time. RFC 7208 §4.6.4
struct SPFLookups: Sendable {
    /// A failure is of the DNS, and may be over later.
    enum Failure: Error, Sendable {
        case dns(SPFReason)
        /// Ends the check.
        case limit(SPFReason)

        var reason: SPFReason {
            switch self {
            case .dns(let reason), .limit(let reason): reason
            }
        }
    }

    let resolver: any DNSResolver
    let time: any TimeSource
    let deadline: Timestamp
    let address: IPAddress
    var termsCount = 0
    var voidCount = 0
    var steps: [SPFStep] = []
    private var clientNames: [Domain]?

    init(
        resolver: any DNSResolver, time: any TimeSource, deadline: Timestamp, address: IPAddress
    ) {
        self.resolver = resolver
        self.time = time
        self.deadline = deadline
        self.address = address
    }

    /// A term that asks the DNS, or a `%{p}`.
    mutating func countTerm() throws(SPFReason) {
        guard termsCount < SPFVerifier.lookupsMax else { throw .tooManyLookups }
        termsCount += 1
    }

    mutating func countVoid() throws(SPFReason) {
        voidCount += 1
        guard voidCount <= SPFVerifier.voidLookupsMax else { throw .tooManyVoidLookups }
    }

    mutating func ask(_ name: Domain, _ type: DNSRecordType) async throws(Failure) -> [DNSRecord] {
        guard time.now() <= deadline else { throw .limit(.tookTooLong) }
        do throws(DNSFailure) {
            let records = try await resolver.ask(name, type).records
            steps.append(.asked(name: name.ascii, type, answer: records))
            return records
        } catch {
            steps.append(.askedInVain(name: name.ascii, type, reason: error.description))
            guard error != .answerTooLarge else {
                throw .limit(.answerTooLarge(name: name.ascii))
            }
            throw .dns(.dnsFailed(name: name.ascii, error.description))
        }
    }

    /// Asks for a term: finding nothing counts.
    mutating func askForTerm(
        _ name: Domain, _ type: DNSRecordType
    ) async throws(SPFReason) -> [DNSRecord] {
        let records: [DNSRecord]
        do throws(Failure) {
            records = try await ask(name, type)
        } catch {
            throw error.reason
        }
        if records.isEmpty { try countVoid() }
        return records
    }

    /// The addresses of the client's kind that `name` has.
    mutating func addresses(of name: Domain) async throws(SPFReason) -> [IPAddress] {
        try await askForTerm(name, address.isIPv6 ? .aaaa : .a).compactMap(\.address)
    }

    /// The names of the client that lead back to it: those of its first `namesMax`, asked for once
    /// in a check. A failure leaves names out. RFC 7208 §5.5
    ///
    /// A client without a name counts as finding nothing, a name without an address does not: the
    /// client's owner writes as many of those as he likes, and would end a check that fails.
    mutating func validatedNames() async throws(SPFReason) -> [Domain] {
        if let clientNames { return clientNames }
        var names: [Domain] = []
        let pointers = try await askOrSkip(address.reverseName, .ptr)
        if pointers?.isEmpty == true { try countVoid() }
        for name in (pointers ?? []).compactMap(\.pointer).prefix(SPFVerifier.namesMax) {
            let found = try await askOrSkip(name, address.isIPv6 ? .aaaa : .a)
            if found?.contains(.address(address)) == true { names.append(name) }
        }
        clientNames = names
        return names
    }

    /// Nil where the DNS failed.
    private mutating func askOrSkip(
        _ name: Domain, _ type: DNSRecordType
    ) async throws(SPFReason) -> [DNSRecord]? {
        do throws(Failure) {
            return try await ask(name, type)
        } catch {
            guard case .limit(.tookTooLong) = error else { return nil }
            throw .tookTooLong
        }
    }
}

extension DNSRecord {
    fileprivate var address: IPAddress? {
        guard case .address(let address) = self else { return nil }
        return address
    }

    fileprivate var pointer: Domain? {
        guard case .pointer(let name) = self else { return nil }
        return name
    }
}
