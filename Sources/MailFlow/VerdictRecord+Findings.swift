import MailAuthentication
import MailModel
import Screening
import Storage

/// Findings as they are kept: SES's words, the methods' own, and reasons for people.
extension VerdictRecord {
    /// Of a mail of which nothing is known.
    static var unjudged: VerdictRecord {
        var verdicts = VerdictRecord()
        (verdicts.spf, verdicts.dkim, verdicts.dmarc) = (.open, .open, .open)
        (verdicts.spam, verdicts.virus) = (.open, .open)
        verdicts.extent = .nothing
        return verdicts
    }

    /// Of fields that claim to be ours: a row is read whole, and often.
    static let spansMax = 1_000

    mutating func noteForged(_ forged: ForgedResults, in header: [UInt8]) {
        forgedFields = []
        resultsHiddenTo = nil
        let fields = MailFields(header)
        for range in forged.ranges(in: fields) {
            if let last = forgedFields.last, last.end == range.lowerBound {
                forgedFields[forgedFields.count - 1].length += range.count
            } else if forgedFields.count < Self.spansMax {
                forgedFields.append(ByteSpan(start: range.lowerBound, length: range.count))
            } else {
                resultsHiddenTo = fields.length
                return
            }
        }
    }

    mutating func noteOrigin(
        _ verdicts: AuthenticationVerdicts, _ envelope: ReceivedEnvelope,
        _ settings: AuthenticationSettings
    ) {
        let from = envelope.mailFrom.wireText
        let received = verdicts.spf.map { ReceivedSPF($0, envelopeFrom: from) }
        headerFields = received.map { $0.field + "\r\n" } ?? ""
        if let outcome = verdicts.spf {
            spf = Finding(
                verdicts.spfVerdict, result: outcome.result.rawValue,
                reason: outcome.reason.description)
        } else {
            spf = Finding(.disabled, reason: "nothing is known of the client")
        }
        dkim = Self.signatures(verdicts)
        dkimDomains = verdicts.dkim.filter(\.isEvidence).compactMap { $0.domain?.ascii }
        areDKIMDomainsWhole = !verdicts.dkim.contains { outcome in
            if case .notRead = outcome.reason { return true }
            return outcome.result == .temperror
        }
        dmarc = Finding(
            verdicts.dmarcVerdict, result: verdicts.dmarc.result.rawValue,
            reason: verdicts.dmarc.reason.description)
        dmarcPolicy = verdicts.dmarcPolicy?.rawValue
        headerFields +=
            "\(AuthenticationResults.fieldName): "
            + verdicts.receiptText(by: settings.authenticator, received) + "\r\n"
    }

    /// One finding for all signatures, with the reason of each.
    private static func signatures(_ verdicts: AuthenticationVerdicts) -> Finding {
        let reasons = verdicts.dkim.map { outcome in
            let who = outcome.domain.map { "\($0.ascii): " } ?? ""
            return "\(who)\(outcome.reason)"
        }
        let best =
            verdicts.dkim.first { $0.result == .pass }?.result
            ?? verdicts.dkim.first?.result ?? .none
        return Finding(
            verdicts.dkimVerdict, result: best.rawValue,
            reason: reasons.joined(separator: "; "))
    }

    mutating func noteWay(_ helo: SPFOutcome?, _ arc: ARCOutcome?, _ lookup: ReverseLookup?) {
        if let helo, helo.result != .none {
            others.append(
                OtherFinding(
                    "helo",
                    Finding(
                        AuthenticationVerdicts.verdict(of: helo),
                        result: helo.result.rawValue, reason: helo.reason.description)))
        }
        if let arc, arc.result != .none {
            others.append(
                OtherFinding(
                    "arc",
                    Finding(
                        Self.status(arc), result: arc.result.rawValue,
                        reason: arc.reason.description)))
        }
        if let lookup { others.append(OtherFinding("iprev", Self.finding(lookup))) }
    }

    private static func status(_ chain: ARCOutcome) -> Status {
        if chain.result == .pass { return .pass }
        return chain.reason.isTemporary ? .processingFailed : .fail
    }

    private static func finding(_ lookup: ReverseLookup) -> Finding {
        let status: Status =
            switch lookup.result {
            case .pass: .pass
            case .fail: .fail
            case .permerror: .gray
            case .temperror: .processingFailed
            }
        return Finding(
            status, result: lookup.result.rawValue, reason: lookup.description)
    }

    mutating func noteUnauthenticated() {
        (spf, dkim, dmarc) = (.disabled, .disabled, .disabled)
    }

    mutating func noteUnscanned(because reason: String = "") {
        spam = Finding(.disabled, reason: reason)
        virus = spam
    }

    mutating func note(_ screened: ScreeningVerdicts) {
        spam = Finding(screened.spam.status, reason: screened.spam.reason)
        virus = Finding(screened.virus.status, reason: screened.virus.reason)
        if case .spam(let scan) = screened.spam.detail { spamScore = scan.score }
        inquiries =
            screened.lists.map(Inquiry.init)
            + screened.scans.map { scan in
                Inquiry(
                    of: scan.scanner, subject: nil, status: scan.verdict.status,
                    answer: scan.verdict.reason, score: nil, milliseconds: scan.milliseconds)
            }
    }
}

extension VerdictRecord.Inquiry {
    init(_ finding: ListFinding) {
        let status: VerdictRecord.Status =
            finding.isFailure ? .processingFailed : finding.score > 0 ? .fail : .pass
        self.init(
            of: finding.list, subject: "\(finding.subject.rawValue) \(finding.asked)",
            status: status, answer: finding.answer, score: finding.score, milliseconds: nil)
    }
}
