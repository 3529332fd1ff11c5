import DNS
import MailModel
import Storage

/// What the DNS says of a MAIL FROM domain: its one MX is our host, and its record of SPF lets us
/// send.
struct MailFromCheck: Sendable {
    let records: SendingRecords

    /// What is found, from the answers to the questions for `domain`'s MX and TXT records.
    func check(
        _ domain: String, exchanges: Result<DNSAnswer, DNSFailure>,
        texts: Result<DNSAnswer, DNSFailure>, time: Timestamp
    ) -> IdentityCheck {
        do throws(DNSFailure) {
            let (exchanges, texts) = (try exchanges.get(), try texts.get())
            let problem =
                exchangeProblem(domain, exchanges) ?? policyProblem(domain, texts)
            return IdentityCheck(
                at: time, error: problem?.error,
                detail: problem?.detail ?? "\(domain) has our MX, and SPF lets us send",
                found: DomainVerification.shown(exchanges.records + texts.records))
        } catch {
            return IdentityCheck(error, at: time)
        }
    }

    private typealias Problem = (error: IdentityCheck.ErrorType, detail: String)

    private func exchangeProblem(_ domain: String, _ answer: DNSAnswer) -> Problem? {
        switch answer.content {
        case .noSuchName: return (.hostNotFound, "there is no name \(domain)")
        case .noRecord: return (.typeNotFound, "\(domain) has no MX record")
        case .records(let found):
            let hosts = found.compactMap { record -> Domain? in
                guard case .exchange(_, let host) = record else { return nil }
                return host
            }
            // SES: exactly one, since with another bounces go elsewhere.
            guard found.count == 1, hosts == [records.hostname] else {
                return (.invalidValue, "the MX of \(domain) is not \(records.hostname) alone")
            }
            return nil
        }
    }

    private func policyProblem(_ domain: String, _ answer: DNSAnswer) -> Problem? {
        let policies = answer.records.compactMap(\.joinedText)
            .map { String(decoding: $0, as: UTF8.self).lowercased() }
            .filter { $0 == "v=spf1" || $0.hasPrefix("v=spf1 ") }
        guard let policy = policies.first else {
            return (.typeNotFound, "\(domain) has no record of SPF")
        }
        // RFC 7208 §4.5
        guard policies.count == 1 else {
            return (
                .invalidValue, "\(domain) has \(policies.count) records of SPF, which is an error"
            )
        }
        guard Self.names(records, policy.split(separator: " ").dropFirst().map(String.init)) else {
            return (
                .invalidValue,
                "the record of SPF of \(domain) has no \(records.senderMechanism) before \"all\""
            )
        }
        return nil
    }

    /// Whether a record of these terms passes what our host sends; as far as terms say so alone:
    /// addresses are not looked at. Nothing behind `all` counts, and beside it no `redirect`.
    /// RFC 7208 §5.1, RFC 7208 §6.1
    private static func names(_ records: SendingRecords, _ terms: [String]) -> Bool {
        let mechanisms = terms.map { $0.hasPrefix("+") ? String($0.dropFirst()) : $0 }
        let end = mechanisms.firstIndex { ["all", "-all", "~all", "?all"].contains($0) }
        // The domain's one MX is our host.
        let wanted = [records.senderMechanism, "a:\(records.hostname)", "mx"]
        if mechanisms[..<(end ?? mechanisms.count)].contains(where: wanted.contains) { return true }
        guard end == nil, let service = records.serviceDomain else { return false }
        return terms.contains("redirect=\(service)")
    }
}
