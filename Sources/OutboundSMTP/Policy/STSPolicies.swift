import DNS
import MailModel

/// The policies of domains: asked for by DNS, fetched by the web once for each of their ids, and kept
/// as long as they say. What is kept outlives a DNS or web server that is kept from us.
/// RFC 8461 §3.3, RFC 8461 §5.1
actor STSPolicies {
    /// What is known of a domain.
    struct Finding: Sendable {
        var policy: STSPolicy?
        /// Why a policy that there is could not be had, when that was tried just now.
        var failure: TLSFailure?
    }

    private struct Kept {
        var id: String
        var policy: STSPolicy
        var until: Timestamp
    }

    static let keptMax = 10_000
    /// A fetch that failed is not tried again so soon. RFC 8461 §3.3
    static let restSeconds: Int64 = 300

    private let resolver: any DNSResolver
    private let fetcher: any PolicyFetcher
    private let time: any TimeSource
    private var kept: [Domain: Kept] = [:]
    /// Whose fetch has failed, and until when it rests.
    private var failed: [Domain: Timestamp] = [:]
    private var fetches: [Domain: Task<Result<STSPolicy, TLSFailure>, Never>] = [:]

    init(resolver: any DNSResolver, fetcher: any PolicyFetcher, time: any TimeSource) {
        self.resolver = resolver
        self.fetcher = fetcher
        self.time = time
    }

    func policy(of domain: Domain) async -> Finding {
        let record = await record(of: domain)
        let now = time.now()
        let old = kept[domain].flatMap { $0.until > now ? $0 : nil }
        guard let record, record.id != old?.id else { return Finding(policy: old?.policy) }
        if let rest = failed[domain], rest > now { return Finding(policy: old?.policy) }
        switch await fetch(domain) {
        case .success(let policy):
            keep(policy, record.id, of: domain)
            return Finding(policy: policy)
        case .failure(let failure):
            makeRoom(&failed)
            failed[domain] = time.now().advanced(bySeconds: Self.restSeconds)
            return Finding(policy: old?.policy, failure: failure)
        }
    }

    private func record(of domain: Domain) async -> STSRecord? {
        guard let name = Domain(queryName: "_mta-sts.\(domain.ascii)".utf8),
            let answer = try? await resolver.ask(name, .txt)
        else { return nil }
        return STSRecord(answer.records.compactMap(\.joinedText))
    }

    private func keep(_ policy: STSPolicy, _ id: String, of domain: Domain) {
        makeRoom(&kept)
        failed[domain] = nil
        kept[domain] = Kept(
            id: id, policy: policy, until: time.now().advanced(bySeconds: policy.ageSeconds))
    }

    /// Any of them goes: it is asked for again.
    private func makeRoom<Value>(_ entries: inout [Domain: Value]) {
        if entries.count >= Self.keptMax, let any = entries.keys.first { entries[any] = nil }
    }

    /// One fetch of a domain's policy at once, whoever waits for it.
    private func fetch(_ domain: Domain) async -> Result<STSPolicy, TLSFailure> {
        if let running = fetches[domain] { return await running.value }
        let task = Task { [fetcher] in await Self.fetch(domain, by: fetcher) }
        fetches[domain] = task
        defer { fetches[domain] = nil }
        return await task.value
    }

    private static func fetch(
        _ domain: Domain, by fetcher: any PolicyFetcher
    ) async -> Result<STSPolicy, TLSFailure> {
        guard let host = try? Domain(parsing: "mta-sts.\(domain.ascii)") else {
            return .failure(TLSFailure(.stsPolicyInvalid, "no host can have its policy"))
        }
        switch await fetcher.fetchPolicy(from: host) {
        case .failure(.certificate(let reason)):
            return .failure(TLSFailure(.stsWebPKIInvalid, reason))
        case .failure(.failed(let reason)):
            return .failure(TLSFailure(.stsPolicyFetchError, reason))
        case .success(let bytes):
            guard let policy = STSPolicy(bytes) else {
                return .failure(TLSFailure(.stsPolicyInvalid, "what \(host) has is no policy"))
            }
            return .success(policy)
        }
    }
}
