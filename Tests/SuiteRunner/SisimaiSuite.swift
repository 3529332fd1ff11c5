import Feedback
import Foundation
import MailModel

/// Bounces, complaints and vacation notices as sisimai's authors collected them, and what it reads
/// in them.
enum SisimaiSuite: OutsideSuite {
    static let name = "bounce-sisimai"

    static func results(in folder: String) throws -> [SuiteResult] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json"))
        let cases = try JSONDecoder().decode([String: Expected].self, from: data)
        var results: [SuiteResult] = []
        for (file, expected) in cases.sorted(by: { $0.key < $1.key }) {
            let bytes = try SuiteFiles.bytes("\(folder)/eml/\(file)")
            results += compared(file, expected.facts, MailFeedback.read(MIMEMessage(bytes)))
        }
        for file in try SuiteFiles.paths(in: "\(folder)/not-bounce", ending: ".eml") {
            let bytes = try SuiteFiles.bytes("\(folder)/not-bounce/\(file)")
            let feedback = MailFeedback.read(MIMEMessage(bytes))
            results.append(
                SuiteResult(case: file, step: "kind", theirs: "other", ours: kind(feedback)))
        }
        return results
    }

    private struct Expected: Decodable {
        var facts: [Fact]
    }

    private struct Fact: Decodable {
        var recipient: String?
        var status: String?
        var reason: String
        var hard_bounce: Bool

        var address: String { recipient?.lowercased() ?? "" }

        /// One that says in its last figure that no code was in the mail is none.
        var codedStatus: String? {
            guard let status else { return nil }
            let detail = status.split(separator: ".").last ?? ""
            return status.isEmpty || (detail.count == 3 && detail.hasPrefix("9")) ? nil : status
        }
    }

    private static func compared(
        _ file: String, _ facts: [Fact], _ feedback: MailFeedback
    ) -> [SuiteResult] {
        var results = [
            SuiteResult(case: file, step: "kind", theirs: kind(facts), ours: kind(feedback))
        ]
        guard case .delivery(let report) = feedback, kind(facts) == "bounce" else {
            if case .complaint(let complaint) = feedback, kind(facts) == "feedback" {
                results += compared(file, facts, complaint)
            }
            return results
        }
        let theirs = Set(facts.map { $0.address })
        let ours = Set(report.recipients.map { address(of: $0, among: theirs) })
        results.append(
            SuiteResult(case: file, step: "recipients", theirs: list(theirs), ours: list(ours)))
        for (index, fact) in facts.enumerated() {
            let named = report.recipients.first {
                address(of: $0, among: theirs) == fact.address
            }
            guard let recipient = named ?? (facts.count == 1 ? report.recipients.first : nil) else {
                continue
            }
            results += compared(file, index == 0 ? "" : " \(index + 1)", fact, recipient)
        }
        return results
    }

    private static func compared(
        _ file: String, _ facts: [Fact], _ complaint: FeedbackReport
    ) -> [SuiteResult] {
        let theirs = Set(facts.map { $0.address }).filter {
            !$0.hasPrefix("undisclosed-recipient-in-headers@")
        }
        let ours = Set(complaint.recipients.map { $0.lowercased() })
        return [SuiteResult(case: file, step: "recipients", theirs: list(theirs), ours: list(ours))]
    }

    private static func compared(
        _ file: String, _ number: String, _ fact: Fact, _ recipient: RecipientReport
    ) -> [SuiteResult] {
        // sisimai decides it of what is only late, too.
        let type = BounceType(reason: recipient.reason, permanence: recipient.permanence)
        let isHard = type.type == .permanent
        var results = [
            SuiteResult(
                case: file, step: "hardness\(number)", theirs: fact.hard_bounce ? "hard" : "soft",
                ours: isHard ? "hard" : "soft")
        ]
        if let status = fact.codedStatus {
            results.append(
                SuiteResult(
                    case: file, step: "status\(number)", theirs: status,
                    ours: recipient.status.map { "\($0)" } ?? "none"))
        }
        let theirs = reasons[fact.reason, default: []]
        let ours = recipient.reason
        results.append(
            SuiteResult(
                case: file, step: "reason\(number)", theirs: fact.reason,
                ours: theirs.contains(ours) ? fact.reason : ours.rawValue))
        return results
    }

    /// The final address or the original one: sisimai tells one of them.
    private static func address(of recipient: RecipientReport, among theirs: Set<String>) -> String
    {
        let final = recipient.finalAddress?.lowercased() ?? ""
        return theirs.contains(final) ? final : recipient.address.lowercased()
    }

    private static func kind(_ facts: [Fact]) -> String {
        switch facts.first?.reason {
        case nil: "other"
        case "feedback": "feedback"
        case "vacation": "vacation"
        case "delivered": "delivered"
        default: "bounce"
        }
    }

    private static func kind(_ feedback: MailFeedback) -> String {
        switch feedback.kind {
        case .bounce, .delay: "bounce"
        case .success: "delivered"
        case .complaint, .authFailure: "feedback"
        case .autoReply: "vacation"
        case .aggregateReport, .tlsReport, .other: "other"
        }
    }

    private static func list(_ addresses: Set<String>) -> String {
        addresses.sorted().joined(separator: " ")
    }

    /// sisimai's reasons, and ours that mean as much.
    private static let reasons: [String: Set<BounceReason>] = [
        "userunknown": [.noSuchMailbox],
        "hostunknown": [.noSuchDomain],
        "hasmoved": [.mailboxMoved],
        "notaccept": [.takesNoMail],
        "mailboxfull": [.mailboxFull],
        "mesgtoobig": [.messageTooLarge],
        "exceedlimit": [.messageTooLarge],
        "suspend": [.mailboxDisabled],
        "filtered": [.refusedByRecipient],
        "rejected": [.senderRejected],
        "norelaying": [.relayDenied],
        "blocked": [.hostBlocked],
        "badreputation": [.hostBlocked],
        "requireptr": [.reverseDNSMissing],
        "authfailure": [.authenticationFailed],
        "securityerror": [.securityRequired],
        "policyviolation": [.policy],
        "spamdetected": [.spam],
        "virusdetected": [.virus],
        "contenterror": [.contentRejected],
        "notcompliantrfc": [.malformed],
        "expired": [.expired, .networkError],
        "networkerror": [.networkError],
        "systemerror": [.systemError],
        "systemfull": [.systemError],
        "mailererror": [.mailerError],
        "syntaxerror": [.protocolError],
        "toomanyconn": [.rateLimited],
        "speeding": [.rateLimited],
        "onhold": [.undetermined],
        "undefined": [.undetermined],
    ]
}
