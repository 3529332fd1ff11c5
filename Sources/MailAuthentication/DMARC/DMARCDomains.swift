import DNS
import MailModel

/// The records that one check of DMARC asks for, each name once, and the organizations that they
/// tell of.
struct DMARCDomains: Sendable {
    /// Questions of one walk: labels that a name keeps, and the name itself. RFC 9989 §4.10
    static let walkMax = 8

    /// What a walk found, from the longest name to the shortest.
    typealias Found = [(domain: Domain, record: DMARCRecord)]

    /// The name for which the DNS did not answer.
    struct Failure: Error, Sendable {
        var name: Domain
        var reason: String
    }

    private let resolver: any DNSResolver
    private let time: any TimeSource
    private let deadline: Timestamp
    private let rules: DMARCRules
    private var answers: [Domain: Result<DMARCRecord?, Failure>] = [:]
    private(set) var steps: [DMARCStep] = []

    /// Asks nothing more after `DMARCVerifier.secondsMax`.
    init(resolver: any DNSResolver, time: any TimeSource, rules: DMARCRules) {
        self.resolver = resolver
        self.time = time
        deadline = time.now().advanced(bySeconds: DMARCVerifier.secondsMax)
        self.rules = rules
    }

    // MARK: Records

    /// The record of the very domain: nil where it has none, several, or more than a resolver takes.
    mutating func record(of domain: Domain) async throws(Failure) -> DMARCRecord? {
        if let known = answers[domain] { return try known.get() }
        let answer = await ask(domain)
        answers[domain] = answer
        return try answer.get()
    }

    private mutating func ask(_ domain: Domain) async -> Result<DMARCRecord?, Failure> {
        guard let name = Domain(queryName: Array("_dmarc.\(domain)".utf8)) else {
            return .success(nil)
        }
        guard time.now() <= deadline else { return .failure(failed(name, Self.tookTooLong)) }
        do throws(DNSFailure) {
            let texts = try await resolver.ask(name, .txt).records.compactMap(\.joinedText)
                .filter(DMARCRecord.isRecord)
            steps.append(.asked(name: name, texts: texts.map(\.printablePrefix)))
            guard texts.count == 1, let text = texts.first else { return .success(nil) }
            return .success(DMARCRecord(text))
        } catch {
            let failure = failed(name, error.description)
            // It would be as large at the next try: as several records, no record.
            return error == .answerTooLarge ? .success(nil) : .failure(failure)
        }
    }

    private static let tookTooLong = "all of it took more than \(DMARCVerifier.secondsMax) seconds"

    private mutating func failed(_ name: Domain, _ reason: String) -> Failure {
        steps.append(.askedInVain(name: name, reason: reason))
        return Failure(name: name, reason: reason)
    }

    /// Whether the DNS knows the name, or any below it. RFC 8020; a failure is no proof, and a name
    /// that it cannot have does not exist.
    mutating func exists(_ domain: Domain) async -> Bool {
        var exists = false
        if domain.isQueryName {
            guard time.now() <= deadline, let answer = try? await resolver.ask(domain, .a) else {
                return true
            }
            exists = answer.content != .noSuchName
        }
        steps.append(.existence(domain, exists))
        return exists
    }

    // MARK: The tree walk

    /// The records of `domain` and those above it. RFC 9989 §4.10
    mutating func walk(from domain: Domain) async throws(Failure) -> Found {
        var found: Found = []
        for name in Self.names(from: domain) {
            guard let record = try await record(of: name) else { continue }
            found.append((name, record))
            if record.publicSuffix != .unknown { break }
        }
        return found
    }

    /// The name itself, then its last seven labels or all but the first, and so on up to one; of an
    /// address, which has no parents, itself alone.
    static func names(from domain: Domain) -> [Domain] {
        guard !domain.isAddressLiteral else { return [] }
        guard IPAddress(domain.ascii) == nil else { return [domain] }
        let labels = domain.ascii.split(separator: ".")
        let longest = min(labels.count - 1, walkMax - 1)
        return [domain]
            + stride(from: longest, to: 0, by: -1).map {
                Domain(validatedASCII: labels.suffix($0).joined(separator: "."))
            }
    }

    /// RFC 9989 §4.10.2
    static func organization(of domain: Domain, _ found: Found) -> Domain {
        for (name, record) in found {
            switch record.publicSuffix {
            case .no: return name
            case .yes where name != domain:
                let count = name.ascii.split(separator: ".").count + 1
                let labels = domain.ascii.split(separator: ".").suffix(count)
                return Domain(validatedASCII: labels.joined(separator: "."))
            case .yes, .unknown: continue
            }
        }
        return found.last?.domain ?? domain
    }

    mutating func organization(of domain: Domain) async throws(Failure) -> Domain {
        let organization: Domain
        switch rules {
        case .rfc9989:
            organization = Self.organization(of: domain, try await walk(from: domain))
        case .rfc7489(let list): organization = list.registrableDomain(of: domain) ?? domain
        }
        steps.append(.organization(of: domain, organization))
        return organization
    }

    // MARK: Policy

    /// The record that applies to mails of `author`, and where it is; nil: none does.
    /// RFC 9989 §4.10.1, RFC 7489 §6.6.3
    mutating func policyRecord(
        for author: Domain
    ) async throws(Failure) -> (domain: Domain, record: DMARCRecord)? {
        if let own = try await record(of: author) { return (author, own) }
        switch rules {
        case .rfc9989:
            let found = try await walk(from: author)
            let organization = Self.organization(of: author, found)
            return found.first { $0.domain == organization }
                ?? found.first { $0.record.publicSuffix == .yes }
        case .rfc7489:
            let organization = try await organization(of: author)
            guard organization != author else { return nil }
            return try await record(of: organization).map { (organization, $0) }
        }
    }
}
