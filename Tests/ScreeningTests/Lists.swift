import DNS
import MailModel
import Screening
import TestSupport

/// Lists that a test asks, with a zone that it writes.
struct Lists {
    let zone = ZoneResolver()

    static func domain(_ text: String) -> Domain { Domain(validatedASCII: text) }

    static func list(
        _ name: String = "bl", kind: DNSList.Kind = .block,
        _ subjects: [DNSList.Subject] = [.address], score: Int = 5, rules: [DNSList.Rule] = []
    ) -> DNSList {
        DNSList(
            name: name, zone: domain("\(name).example"), kind: kind, subjects: subjects,
            score: score, rules: rules)
    }

    func put(_ name: String, _ addresses: String...) {
        zone.put(name, .a, addresses.compactMap { IPAddress($0).map(DNSRecord.address) })
    }

    /// No time passes unless `rest` has it pass.
    func lists(
        _ lists: [DNSList], rest: @escaping DNSLists.Rest = Lists.never
    ) -> DNSLists {
        DNSLists(lists, timeoutSeconds: 5, resolver: zone, rest: rest)
    }

    static let never: DNSLists.Rest = { _ in
        let (never, _) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        throw CancellationError()
    }
}
