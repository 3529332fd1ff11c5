import MailAuthentication
import MailModel
import Screening
import Storage

/// Findings as they are kept: SES's words, the methods' own, and reasons for people.
extension VerdictRecord {
    mutating func note(
        _ verdicts: AuthenticationVerdicts?, _ envelope: ReceivedEnvelope,
        _ settings: AuthenticationSettings
    ) {
        guard let verdicts else { return }
        spf = Finding(
            Status(verdicts.spfVerdict), result: verdicts.spf.result.rawValue,
            reason: verdicts.spf.reason.description)
        dkim = Self.signatures(verdicts)
        dmarc = Finding(
            Status(verdicts.dmarcVerdict), result: verdicts.dmarc.result.rawValue,
            reason: verdicts.dmarc.reason.description)
        dmarcPolicy = verdicts.dmarcPolicy?.rawValue
        if verdicts.arc.result != .none {
            others.append(
                OtherFinding(
                    "arc",
                    Finding(
                        verdicts.arc.result == .pass ? .pass : .fail,
                        result: verdicts.arc.result.rawValue,
                        reason: verdicts.arc.reason.description)))
        }
        if let lookup = verdicts.reverseLookup {
            others.append(OtherFinding("iprev", Self.finding(lookup)))
        }
        let from = envelope.mailFrom.wireText
        headerFields =
            ReceivedSPF(verdicts.spf, envelopeFrom: from).field + "\r\n"
            + "\(AuthenticationResults.fieldName): "
            + verdicts.receiptText(by: settings.authenticator, envelopeFrom: from) + "\r\n"
    }

    /// One finding for all signatures, with the reason of each.
    private static func signatures(_ verdicts: AuthenticationVerdicts) -> Finding {
        let reasons = verdicts.dkim.map { outcome in
            let who = outcome.domain.map { "\($0.ascii): " } ?? ""
            let tail =
                outcome.unsignedBytes > 0
                ? " (\(outcome.unsignedBytes) bytes of the body are not signed)" : ""
            return "\(who)\(outcome.reason)\(tail)"
        }
        let best =
            verdicts.dkim.first { $0.result == .pass }?.result
            ?? verdicts.dkim.first?.result ?? .none
        return Finding(
            Status(verdicts.dkimVerdict), result: best.rawValue,
            reason: reasons.joined(separator: "; "))
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

    mutating func note(_ screened: ScreeningVerdicts) {
        spam = Finding(screened.spam.status, reason: screened.spam.reason)
        virus = Finding(screened.virus.status, reason: screened.virus.reason)
        for finding in screened.lists where finding.score != 0 || finding.isFailure {
            others.append(
                OtherFinding(
                    "list",
                    Finding(
                        finding.isFailure ? .processingFailed : finding.score > 0 ? .fail : .pass,
                        reason: finding.text)))
        }
    }
}

extension VerdictRecord.Status {
    init(_ verdict: ReceiptVerdict) {
        switch verdict {
        case .pass: self = .pass
        case .fail: self = .fail
        case .gray: self = .gray
        case .processingFailed: self = .processingFailed
        case .disabled: self = .disabled
        }
    }
}
