package import MailModel
import Storage

/// Has mails looked into by those whom the operator has configured: lists in the DNS, a scanner for
/// spam, a scanner for viruses; each optional, all at the same time.
package struct MailScreener: Sendable {
    package struct Scanner: Sendable {
        /// What people call it.
        package var name: String
        package var scanner: any MailScanner
        package var whenUnavailable: WhenUnavailable

        package init(
            name: String, scanner: any MailScanner, whenUnavailable: WhenUnavailable
        ) {
            self.name = name
            self.scanner = scanner
            self.whenUnavailable = whenUnavailable
        }
    }

    private let spam: Scanner?
    private let virus: Scanner?
    private let lists: DNSLists?
    private let thresholds: ListThresholds
    private let time: any TimeSource

    package init(
        spam: Scanner?, virus: Scanner?, lists: DNSLists?, thresholds: ListThresholds,
        time: any TimeSource
    ) {
        self.spam = spam
        self.virus = virus
        self.lists = lists
        self.thresholds = thresholds
        self.time = time
    }

    /// Whether there is anybody to ask: otherwise every verdict is `DISABLED`.
    package var isEnabled: Bool { spam != nil || virus != nil || lists != nil }

    /// `author` is the domain of From, where there is one. Returns within the longest of the time
    /// limits.
    package func screen(_ mail: ScannedMail, author: Domain?) async -> ScreeningVerdicts {
        async let spamScan = scan(mail, by: spam)
        async let virusScan = scan(mail, by: virus)
        async let findings = lists?.ask(about: Self.subjects(mail, author))
        let (scanned, checked, found) = await (spamScan, virusScan, findings)
        let waiting = [(spam, scanned), (virus, checked)].compactMap { scanner, scan in
            scanner?.whenUnavailable == .defer && scan?.verdict.isUnavailable == true
                ? scanner?.name : nil
        }
        return ScreeningVerdicts(
            spam: thresholds.verdict(scanner: scanned?.verdict, findings: found),
            virus: checked?.verdict ?? .disabled, lists: found ?? [],
            scans: [scanned, checked].compactMap { $0 }, waitsFor: waiting)
    }

    private func scan(
        _ mail: ScannedMail, by scanner: Scanner?
    ) async -> ScreeningVerdicts.Scan? {
        guard let scanner else { return nil }
        let start = time.now()
        let verdict = await scanner.scanner.scan(mail)
        return ScreeningVerdicts.Scan(
            scanner: scanner.name, verdict: verdict,
            // The clock may be set back meanwhile.
            milliseconds: max(0, time.now().milliseconds - start.milliseconds))
    }

    private static func subjects(_ mail: ScannedMail, _ author: Domain?) -> DNSLists.Subjects {
        var subjects = DNSLists.Subjects(
            address: IPAddress(mail.envelope.peerAddress), helo: name(mail.envelope.helo),
            author: author)
        if case .mailbox(let mailbox) = mail.envelope.mailFrom { subjects.sender = mailbox.domain }
        return subjects
    }

    /// The domain that a peer greets with; an address or a single label is none that a list has.
    private static func name(_ helo: String) -> Domain? {
        guard helo.contains("."), IPAddress(helo) == nil else { return nil }
        return try? Domain(parsing: helo)
    }
}
