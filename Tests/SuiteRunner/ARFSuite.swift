import Feedback
import Foundation
import MailModel

/// Complaints and reports of failed authentication, and every field that Stalwart's tests expect.
enum ARFSuite: OutsideSuite {
    static let name = "arf-stalwart"

    static func results(in folder: String) throws -> [SuiteResult] {
        try SuiteFiles.paths(in: folder, ending: ".eml").flatMap { file in
            let bytes = try SuiteFiles.bytes("\(folder)/\(file)")
            let stem = file.dropLast(4)
            let theirs = try SuiteFiles.json("\(folder)/\(stem).json") as? [String: Any] ?? [:]
            guard case .complaint(let report) = MailFeedback.read(MIMEMessage(bytes)) else {
                return [SuiteResult(case: file, step: "kind", theirs: "complaint", ours: "other")]
            }
            return theirs.sorted { $0.key < $1.key }.compactMap { name, value in
                result(file, name, value, report)
            }
        }
    }

    private static func result(
        _ file: String, _ name: String, _ value: Any, _ report: FeedbackReport
    ) -> SuiteResult? {
        let theirs = self.theirs(name, value)
        let ours: String
        if name == "message" || name == "headers" {
            // Where it stands in the report is no matter.
            guard !(value is NSNull) else { return nil }
            ours = unfolded(String(decoding: report.original?.headerBytes ?? [], as: UTF8.self))
        } else {
            ours = self.ours(name, report)
        }
        return SuiteResult(
            case: file, step: name, theirs: Shown.text(theirs), ours: Shown.text(ours))
    }

    private static func theirs(_ name: String, _ value: Any) -> String {
        switch (name, value) {
        case (_, is NSNull): ""
        case ("message", let text as String), ("headers", let text as String):
            unfolded(String(text.components(separatedBy: "\n\n")[0]))
        case ("dkim_canonicalized_body", let text as String),
            ("dkim_canonicalized_header", let text as String):
            decoded(text)
        case (_, let list as [Any]): list.map { unfolded("\($0)") }.joined(separator: ", ")
        case ("original_mail_from", let path as String), ("original_rcpt_to", let path as String):
            path.filter { $0 != "<" && $0 != ">" }
        case (_, let text as String): unfolded(text == "Unspecified" ? "" : text)
        default: "\(value)"
        }
    }

    private static func ours(_ name: String, _ report: FeedbackReport) -> String {
        switch name {
        case "feedback_type":
            report.feedbackType == "auth-failure" ? "AuthFailure" : word(report.feedbackType)
        case "arrival_date": report.arrivalDate.flatMap(seconds) ?? ""
        case "authentication_results":
            report.authenticationResults.map(unfolded).joined(separator: ", ")
        case "incidents": "\(report.incidents)"
        case "original_envelope_id": report.originalEnvelopeID ?? ""
        case "original_mail_from": report.originalMailFrom ?? ""
        case "original_rcpt_to": report.originalRcptTo.first ?? ""
        case "reported_domain": report.reportedDomains.joined(separator: ", ")
        case "reported_uri": report.reportedURIs.joined(separator: ", ")
        case "reporting_mta": report.reportingMTA ?? ""
        case "source_ip": report.sourceIP ?? ""
        case "user_agent": report.userAgent ?? ""
        // Theirs is a number, which 0.1 is not.
        case "version": report.version.map { Int(Double($0) ?? 0) }.map { "\($0)" } ?? ""
        case "source_port": "\(report.sourcePort ?? 0)"
        default: report.authFailure.map { ours(name, $0) } ?? ""
        }
    }

    private static func ours(_ name: String, _ failure: AuthFailure) -> String {
        switch name {
        case "auth_failure":
            failure.failure == "bodyhash" ? "BodyHash" : failure.failure.map(word) ?? ""
        case "delivery_result": failure.deliveryResult.map(word) ?? ""
        case "dkim_adsp_dns": failure.dkimADSPDNS ?? ""
        case "dkim_canonicalized_body": failure.dkimCanonicalizedBody ?? ""
        case "dkim_canonicalized_header": failure.dkimCanonicalizedHeader ?? ""
        case "dkim_domain": failure.dkimDomain ?? ""
        case "dkim_identity": failure.dkimIdentity ?? ""
        case "dkim_selector": failure.dkimSelector ?? ""
        case "dkim_selector_dns": failure.dkimSelectorDNS ?? ""
        case "spf_dns": failure.spfDNS ?? ""
        case "identity_alignment": failure.identityAlignment.map(word).joined()
        default: "?"
        }
    }

    private static func word(_ text: String) -> String {
        text.split(separator: "-").map(\.capitalized).joined()
    }

    private static func unfolded(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func decoded(_ base64: String) -> String {
        let data = Data(base64Encoded: base64.filter { !$0.isWhitespace })
        return data.map { String(decoding: $0, as: UTF8.self) } ?? base64
    }

    /// Since 1970, of `Thu, 8 Mar 2005 14:00:00 EDT`.
    private static func seconds(_ date: String) -> String? {
        let bare = date.prefix { $0 != "(" }.split(separator: ",").last?.split(separator: " ")
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        let isNamed = date.last?.isLetter ?? false
        formatter.dateFormat = isNamed ? "d MMM yyyy HH:mm:ss zzz" : "d MMM yyyy HH:mm:ss Z"
        return formatter.date(from: bare?.joined(separator: " ") ?? "").map {
            "\(Int($0.timeIntervalSince1970))"
        }
    }
}
