import Scanners
import Screening

/// Who is asked about mails.
struct ScreeningParts {
    let screener: MailScreener

    init(_ configuration: Configuration, _ surroundings: Surroundings, _ names: NameParts) {
        let screening = configuration.screening
        let resolver = CountingResolver(names.resolver, surroundings.metrics)
        screener = MailScreener(
            spam: screening.rspamd.map { scanner in
                MailScreener.Scanner(
                    name: "rspamd", scanner: RspamdScanner(scanner.settings),
                    whenUnavailable: scanner.whenUnavailable)
            },
            virus: screening.clamd.map { scanner in
                MailScreener.Scanner(
                    name: "clamd", scanner: ClamdScanner(scanner.settings),
                    whenUnavailable: scanner.whenUnavailable)
            },
            lists: screening.lists.isEmpty
                ? nil
                : DNSLists(
                    screening.lists, timeoutSeconds: screening.listsTimeoutSeconds,
                    resolver: resolver, rest: { try await Task.sleep(for: .seconds($0)) }),
            thresholds: screening.thresholds)
    }
}
