import DNS
import MailModel

/// Counts what becomes of questions to the DNS.
struct CountingResolver: DNSResolver {
    private let resolver: any DNSResolver
    private let metrics: ServerMetrics

    init(_ resolver: any DNSResolver, _ metrics: ServerMetrics) {
        self.resolver = resolver
        self.metrics = metrics
    }

    func ask(
        _ name: Domain, _ type: DNSRecordType
    ) async throws(DNSFailure) -> DNSAnswer {
        do throws(DNSFailure) {
            let answer = try await resolver.ask(name, type)
            count(Self.outcome(answer))
            return answer
        } catch {
            count(Self.outcome(error))
            throw error
        }
    }

    private func count(_ outcome: String) {
        metrics.add("martlet_dns_questions_total{outcome=\"\(outcome)\"}")
    }

    private static func outcome(_ answer: DNSAnswer) -> String {
        switch answer.content {
        case .records: "records"
        case .noRecord, .noSuchName: "none"
        }
    }

    private static func outcome(_ failure: DNSFailure) -> String {
        switch failure {
        case .timedOut: "timed_out"
        case .serverFailed: "failed"
        case .bogus: "bogus"
        case .answerTooLarge: "too_large"
        case .tooManyQueries: "too_many"
        case .cancelled: "cancelled"
        }
    }
}
