import MailModel

/// Reads bounces that servers write in prose, of no standard or of their own: qmail's QSBMF, Exim,
/// Postfix and Sendmail before RFC 3464, Exchange, Domino, carriers. A mail is one only if several
/// things say so: who sent it, its subject, its sentences.
struct FreeFormReader {
    private let message: MIMEMessage
    private let header: HeaderBlock
    private let text: ReportText
    private let folded: FoldedText
    private let subject: FoldedText
    /// How many reports this one is in.
    private let depth: Int

    /// Recipients of one report in prose: the prose is gone through for each.
    static let recipientsMax = 100

    /// Bytes of prose that phrases are looked for in.
    private static let proseBytesMax = 16_384

    init(_ message: MIMEMessage, depth: Int = 0) {
        self.message = message
        self.depth = depth
        header = message.header
        text = ReportText(message)
        folded = FoldedText(text.lines.joined(separator: "\n").prefix(bytes: Self.proseBytesMax))
        subject = FoldedText(header.first("Subject")?.decodedText ?? "")
    }

    /// Nil if the mail is no bounce.
    func report() -> DeliveryReport? {
        guard isBounce else { return nil }
        let original = QuotedMail.of(message) ?? text.quoted.map { QuotedMail(Array($0.utf8)[...]) }
        if let status = DeliveryStatus(FieldGroups(lines: text.lines)) {
            return DeliveryReport(status, original: original)
        }
        let finder = RecipientFinder(text.lines, others: senders(original)).found()
        if finder.place != .line, finder.place != .label, let inner = innerReport() { return inner }
        var report = DeliveryReport(
            recipients: recipients(finder.found, original), original: original, isFormal: false)
        if report.recipients.isEmpty {
            report.recipients = [recipient(nil, alone: true, in: [])]
        }
        return report
    }

    /// Of a report that this one brings, since somebody forwards it or wraps it.
    private func innerReport() -> DeliveryReport? {
        guard depth == 0 else { return nil }
        let part = message.parts.first { $0.isMessage && $0.index > 0 }
        guard let bytes = part.map({ Array($0.rawBody) }) ?? text.quoted.map({ Array($0.utf8) })
        else { return nil }
        let inner = MIMEMessage(bytes)
        return DeliveryReport(inner) ?? FreeFormReader(inner, depth: depth + 1).report()
    }

    // MARK: Whether it is one

    private var isBounce: Bool {
        if header.first("X-Failed-Recipients") != nil { return true }
        let saysFailure = folded.contains(anyOf: FreeFormPhrases.failures)
        let hasSubject = subject.contains(anyOf: FreeFormPhrases.subjects)
        // Lists and people quote bounces.
        let isOfList = header.first("List-Id") != nil || header.first("List-Post") != nil
        if isOfList || subject.hasPrefix("re:"), !isFromDaemon {
            return hasSubject && opening.contains(anyOf: FreeFormPhrases.failures)
        }
        let evidence =
            (isFromDaemon ? 2 : 0) + (isFromNobody ? 2 : 0) + (hasSubject ? 2 : 0)
            + (saysFailure ? 2 : 0)
        return evidence >= 4 && (isFromDaemon || isFromNobody || (hasSubject && saysFailure))
            && (saysFailure || (isFromDaemon && hasSubject))
    }

    /// The first lines that nobody quotes.
    private var opening: FoldedText {
        let lines = text.lines.filter { !$0.isEmpty && !$0.hasPrefix(">") && !$0.hasPrefix("|") }
        return FoldedText(lines.prefix(4).joined(separator: "\n"))
    }

    private var isFromDaemon: Bool {
        guard let from = header.first("From") else { return false }
        let text = FoldedText(from.decodedText)
        let addresses = AddressScanner.addresses(in: from.text)
        return addresses.contains { RecipientFinder.isDaemon($0) }
            || text.contains(anyOf: FreeFormPhrases.daemonNames)
            || FreeFormPhrases.daemons.contains(String(decoding: text.bytes, as: UTF8.self))
    }

    /// RFC 5321 §4.5.5: the null reverse path.
    private var isFromNobody: Bool {
        let paths = header.all("Return-Path") + header.all("From")
        return paths.contains { path in
            let text = FoldedText(path.text)
            return text.hasSuffix("<>") || text.contains("<mailer-daemon")
                || text.bytes.elementsEqual("mailer-daemon".utf8)
        }
    }

    // MARK: Of whom

    private func recipients(
        _ named: [RecipientFinder.Found], _ original: QuotedMail?
    ) -> [RecipientReport] {
        let failed = header.all("X-Failed-Recipients").flatMap {
            AddressScanner.addresses(in: $0.text)
        }.prefix(Self.recipientsMax)
        var found = named
        if !failed.isEmpty {
            let lines = Dictionary(
                found.map { ($0.address.lowercased(), $0) }, uniquingKeysWith: { first, _ in first }
            )
            found = failed.map { address in
                lines[address.lowercased()] ?? .init(address: address, line: line(of: address))
            }
        }
        if found.isEmpty, let original {
            found = original.to.map { .init(address: $0, line: 0) }
        }
        found = Array(RecipientFinder.unique(found).prefix(Self.recipientsMax))
        return found.indices.map { recipient(found[$0], alone: found.count == 1, in: found) }
    }

    /// The one who is told, and who wrote what is reported on.
    private func senders(_ original: QuotedMail?) -> Set<String> {
        let told = header.all("To").flatMap { AddressScanner.addresses(in: $0.text) }
        return Set((told + (original?.from ?? [])).map { $0.lowercased() })
    }

    private func line(of address: String) -> Int {
        let wanted = address.lowercased()
        return text.lines.firstIndex { $0.lowercased().contains(wanted) } ?? 0
    }

    // MARK: Of what

    private func recipient(
        _ found: RecipientFinder.Found?, alone: Bool, in all: [RecipientFinder.Found]
    ) -> RecipientReport {
        let isDelayed =
            folded.contains(anyOf: FreeFormPhrases.delays)
            || subject.contains(anyOf: FreeFormPhrases.lateSubjects)
                && !folded.contains("failed permanently")
        var recipient = RecipientReport(action: isDelayed ? .delayed : .failed)
        recipient.finalAddress = found?.address
        recipient.originalAddress = found?.original
        let said = alone ? text.lines : lines(about: found, in: all)
        recipient.read(said)
        return recipient
    }

    /// Those from the line that names the recipient to the next recipient's, and those elsewhere that
    /// name it.
    private func lines(
        about found: RecipientFinder.Found?, in all: [RecipientFinder.Found]
    ) -> [String] {
        guard let found else { return text.lines }
        let end = all.map(\.line).filter { $0 > found.line }.min() ?? text.lines.count
        let wanted = found.address.lowercased()
        let elsewhere = text.lines.enumerated().filter { index, line in
            !(found.line..<end).contains(index) && line.lowercased().contains(wanted)
        }
        return elsewhere.map(\.element) + text.lines[found.line..<end]
    }
}
