import DNS
import MailModel
import TestSupport
import Testing

// `@testable`: the counters are the daemon's own.
@testable import Daemon

@Suite struct CountingResolverTests {
    @Test(arguments: [
        (Result<DNSAnswer, DNSFailure>.success(DNSAnswer(.records([.txt("x")]))), "records"),
        (.success(DNSAnswer(.noRecord)), "none"), (.success(DNSAnswer(.noSuchName)), "none"),
        (.failure(.timedOut), "timed_out"), (.failure(.serverFailed("x")), "failed"),
        (.failure(.bogus("x")), "bogus"), (.failure(.answerTooLarge), "too_large"),
        (.failure(.tooManyQueries), "too_many"), (.failure(.cancelled), "cancelled"),
    ])
    func countsAndHandsOn(_ answer: Result<DNSAnswer, DNSFailure>, _ outcome: String) async {
        let zone = ZoneResolver()
        zone.put("a.example", .txt, answer)
        let metrics = ServerMetrics()
        let resolver = CountingResolver(zone, metrics)
        let result: Result<DNSAnswer, DNSFailure>
        do throws(DNSFailure) {
            result = .success(try await resolver.ask(Domain(validatedASCII: "a.example"), .txt))
        } catch {
            result = .failure(error)
        }
        #expect(result == answer)
        #expect(
            metrics.text(gauges: [])
                .contains("martlet_dns_questions_total{outcome=\"\(outcome)\"} 1\n"))
    }
}
