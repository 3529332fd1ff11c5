import Scanners
import Screening

/// Who is asked about mails.
struct ScreeningParts {
    let screener: MailScreener

    init(_ configuration: Configuration, _ names: NameParts) {
        let screening = configuration.screening
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
                    resolver: names.counting, rest: { try await Task.sleep(for: .seconds($0)) }),
            thresholds: screening.thresholds)
    }
}
