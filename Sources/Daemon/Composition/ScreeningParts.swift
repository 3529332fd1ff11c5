import DNS
import MailModel
import Scanners
import Screening

/// Who is asked about mails.
struct ScreeningParts {
    let screener: MailScreener
    /// Who looks into what is sent, too.
    let virus: MailScreener.Scanner?

    /// `defers`: whether a mail may be told to wait for a scanner that cannot be had.
    init(
        _ screening: Configuration.Screening, resolver: any DNSResolver, time: any TimeSource,
        defers: Bool = true
    ) {
        func scanner(
            _ name: String, _ configured: Configuration.Screening.Scanner?,
            _ make: (ScannerSettings) -> any MailScanner
        ) -> MailScreener.Scanner? {
            configured.map {
                MailScreener.Scanner(
                    name: name, scanner: make($0.settings),
                    whenUnavailable: defers ? $0.whenUnavailable : .goOn)
            }
        }
        virus = scanner("clamd", screening.clamd) { ClamdScanner($0) }
        screener = MailScreener(
            spam: scanner("rspamd", screening.rspamd) { RspamdScanner($0) },
            virus: virus,
            lists: screening.lists.isEmpty
                ? nil
                : DNSLists(
                    screening.lists, timeoutSeconds: screening.listsTimeoutSeconds,
                    resolver: resolver, rest: { try await Task.sleep(for: .seconds($0)) }),
            thresholds: screening.thresholds, time: time)
    }
}
