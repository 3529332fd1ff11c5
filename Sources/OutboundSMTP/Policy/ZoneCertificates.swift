import DNS
import MailModel

/// Asks for what the zone of an exchanger says of its certificate. RFC 7672 §2.2
struct ZoneCertificates: Sendable {
    let resolver: any DNSResolver
    let port: Int

    /// Only where signatures prove the way there; elsewhere the answer would prove nothing, and some
    /// name servers do not know the question. RFC 7672 §2.2.2
    func of(_ host: Domain, isSecure: Bool) async -> HostPolicy.TLSA {
        guard isSecure, let name = Domain(queryName: "_\(port)._tcp.\(host.ascii)".utf8) else {
            return .none
        }
        let answer: DNSAnswer
        do throws(DNSFailure) {
            answer = try await resolver.ask(name, .tlsa)
        } catch {
            return .failed(error)
        }
        guard answer.isSecure, case .records(let records) = answer.content else { return .none }
        return .records(
            records.compactMap { if case .certificate(let record) = $0 { record } else { nil } })
    }
}
