package import DNS
package import MailModel

/// What DKIM and SPF found, as far as DMARC asks.
package struct DMARCEvidence: Sendable, Hashable {
    /// Identifiers beyond these are not looked at: each may want as many questions as a walk has.
    package static let identifiersMax = 12

    package var passed: [DMARCIdentifier]
    /// Those for which the DNS did not answer.
    package var undecided: [DMARCIdentifier]

    package init(passed: [DMARCIdentifier], undecided: [DMARCIdentifier] = []) {
        self.passed = passed
        self.undecided = undecided
    }

    /// Of SPF, only the identity of MAIL FROM counts. RFC 9989 §4.4.2
    package init(spf: SPFOutcome?, dkim: [DKIMOutcome]) {
        self.init(passed: [])
        for outcome in dkim {
            guard let domain = outcome.domain else { continue }
            switch outcome.result {
            case .pass where outcome.isEvidence: passed.append(DMARCIdentifier(.dkim, domain))
            case .temperror: undecided.append(DMARCIdentifier(.dkim, domain))
            case .pass, .none, .fail, .policy, .neutral, .permerror: continue
            }
        }
        guard let spf, spf.sender.identity == .mailFrom, let domain = spf.domain else { return }
        switch spf.result {
        case .pass: passed.append(DMARCIdentifier(.spf, domain))
        case .temperror: undecided.append(DMARCIdentifier(.spf, domain))
        case .none, .neutral, .fail, .softfail, .permerror: break
        }
    }
}

/// Says whether a mail is from whom it says. RFC 9989, or RFC 7489
package struct DMARCVerifier: Sendable {
    /// No question is asked after that.
    package static let secondsMax: Int64 = 20

    private let resolver: any DNSResolver
    private let time: any TimeSource
    private let rules: DMARCRules

    package init(
        resolver: any DNSResolver, time: any TimeSource, rules: DMARCRules = .rfc9989
    ) {
        self.resolver = resolver
        self.time = time
        self.rules = rules
    }

    /// Ends within `secondsMax` and the time that the resolver takes for one question.
    package func check(
        _ author: Result<Domain, AuthorDomainDefect>, _ evidence: DMARCEvidence
    ) async -> DMARCOutcome {
        let domain: Domain
        switch author {
        case .success(let found): domain = found
        case .failure(let defect):
            var outcome = DMARCOutcome(.permerror, .author(defect))
            outcome.steps = [.ended(.permerror, outcome.reason)]
            return outcome
        }
        var check = DMARCCheck(
            author: domain,
            domains: DMARCDomains(resolver: resolver, time: time, rules: rules), rules: rules)
        await check.run(evidence)
        return check.finished
    }
}

private struct DMARCCheck {
    private let rules: DMARCRules
    private let author: Domain
    private var domains: DMARCDomains
    private var outcome = DMARCOutcome(.none, .noRecord)
    private var steps: [DMARCStep] = []

    init(author: Domain, domains: DMARCDomains, rules: DMARCRules) {
        self.author = author
        self.domains = domains
        self.rules = rules
        outcome.authorDomain = author
    }

    var finished: DMARCOutcome {
        var finished = outcome
        finished.steps =
            [.author(author)] + domains.steps + steps + [.ended(outcome.result, outcome.reason)]
        return finished
    }

    mutating func run(_ evidence: DMARCEvidence) async {
        do throws(DMARCDomains.Failure) {
            guard let (domain, record) = try await domains.policyRecord(for: author) else { return }
            outcome.policyDomain = domain
            outcome.record = record
            guard let policy = await policy(of: record, at: domain) else {
                return end(.permerror, .unusableRecord(at: domain))
            }
            outcome.policy = policy
            switch rules {
            case .rfc9989:
                outcome.isTesting = record.isTesting
                if record.isTesting { steps.append(.underTest(policy.milder)) }
            case .rfc7489:
                outcome.percent = record.percent
                if record.percent < 100 { steps.append(.percent(record.percent)) }
            }
            try await align(evidence, record)
        } catch {
            end(.temperror, .dnsFailed(name: error.name, error.reason))
        }
    }

    private mutating func end(_ result: DMARCResult, _ reason: DMARCReason) {
        outcome.result = result
        outcome.reason = reason
    }

    // MARK: Policy

    /// Nil: the record's policy is none, and nothing else in it is of use. RFC 9989 §4.10.1
    private mutating func policy(
        of record: DMARCRecord, at domain: Domain
    ) async -> DMARCPolicy? {
        let isUnusable: Bool
        switch rules {
        case .rfc9989: isUnusable = record.hasUnusablePolicy
        case .rfc7489: isUnusable = record.hasUnusablePolicy || record.policy == nil
        }
        guard !isUnusable else { return record.aggregateReports.isEmpty ? nil : DMARCPolicy.none }
        let (policy, tag) = await choice(of: record, at: domain)
        steps.append(.policy(policy, tag: tag, of: domain))
        return policy
    }

    /// `p`, and below the record's domain `sp`, or `np` for a name that does not exist.
    private mutating func choice(
        of record: DMARCRecord, at domain: Domain
    ) async -> (DMARCPolicy, tag: String) {
        let own = (record.policy ?? .none, tag: "p")
        guard domain != author else { return own }
        if case .rfc9989 = rules, let policy = record.nonexistentPolicy,
            await !domains.exists(author)
        {
            return (policy, "np")
        }
        return record.subdomainPolicy.map { ($0, "sp") } ?? own
    }

    // MARK: Alignment

    /// One that is aligned is enough for its method: those of the very domain, which ask nobody, are
    /// looked at first. One that cannot be told yet leaves it to the others.
    private mutating func align(
        _ evidence: DMARCEvidence, _ record: DMARCRecord
    ) async throws(DMARCDomains.Failure) {
        var failure: DMARCDomains.Failure?
        let identifiers = evidence.passed.prefix(DMARCEvidence.identifiersMax)
        let own = identifiers.filter { $0.domain == author }
        for identifier in own + identifiers.filter({ $0.domain != author })
        where !outcome.aligned.contains(where: { $0.method == identifier.method }) {
            do throws(DMARCDomains.Failure) {
                if try await isAligned(identifier, record) { outcome.aligned.append(identifier) }
            } catch {
                failure = failure ?? error
            }
        }
        outcome.aligned.sort { $0.method == .dkim && $1.method == .spf }
        if let first = outcome.aligned.first { return end(.pass, .aligned(first)) }
        if let failure { throw failure }
        for identifier in evidence.undecided.prefix(DMARCEvidence.identifiersMax)
        where try await isAligned(identifier, record) {
            return end(.temperror, .notCheckedNow(identifier))
        }
        end(.fail, .notAligned)
    }

    /// RFC 9989 §4.4
    private mutating func isAligned(
        _ identifier: DMARCIdentifier, _ record: DMARCRecord
    ) async throws(DMARCDomains.Failure) -> Bool {
        let alignment =
            identifier.method == .dkim ? record.dkimAlignment : record.spfAlignment
        let isAligned: Bool
        if identifier.domain == author || alignment == .strict {
            isAligned = identifier.domain == author
        } else {
            isAligned = try await isOfSameOrganization(identifier.domain)
        }
        steps.append(.alignment(identifier, alignment, isAligned))
        return isAligned
    }

    /// An organization is its members' parent, or a member itself: nobody else is asked for.
    private mutating func isOfSameOrganization(
        _ domain: Domain
    ) async throws(DMARCDomains.Failure) -> Bool {
        let organization = try await domains.organization(of: author)
        guard domain == organization || domain.isBelow(organization) else { return false }
        return try await domains.organization(of: domain) == organization
    }
}
