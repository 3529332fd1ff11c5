package import DNS
package import MailModel

/// Says whether a client may use a domain: the `check_host()` of RFC 7208 §4.
package struct SPFVerifier: Sendable {
    /// Terms that ask the DNS, and `%{p}`, in all records of a check. RFC 7208 §4.6.4
    package static let lookupsMax = 10
    /// Questions of these that find nothing. RFC 7208 §4.6.4
    package static let voidLookupsMax = 2
    /// Mail exchangers of one `mx`, and names of the client that are looked at. RFC 7208 §4.6.4
    package static let namesMax = 10
    /// No question is asked after that. RFC 7208 §4.6.4 wants at least 20.
    package static let secondsMax: Int64 = 20
    /// What a term or an explanation may become by its macros. A record of nothing but macros would
    /// become a hundred times as long.
    package static let expandedBytesMax = 4_096
    /// An explanation becomes part of a reply of SMTP.
    package static let explanationBytesMax = 400

    private let resolver: any DNSResolver
    private let time: any TimeSource
    private let receiver: Domain

    /// `receiver` is who checks: of `%{r}`.
    package init(resolver: any DNSResolver, time: any TimeSource, receiver: Domain) {
        self.resolver = resolver
        self.time = time
        self.receiver = receiver
    }

    /// Ends within `secondsMax` and the time that the resolver takes for one question.
    package func check(_ sender: SPFSender) async -> SPFOutcome {
        guard let domain = sender.domain else {
            var outcome = SPFOutcome(.none, .noDomain, sender)
            outcome.steps = [.ended(.noDomain, lookups: 0)]
            return outcome
        }
        let lookups = SPFLookups(
            resolver: resolver, time: time,
            deadline: time.now().advanced(bySeconds: Self.secondsMax),
            address: sender.address)
        var check = SPFCheck(sender: sender, receiver: receiver, lookups: lookups)
        return await check.run(domain, at: time.now())
    }
}
