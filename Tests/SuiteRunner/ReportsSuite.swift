import Feedback
import Foundation
import MailModel

/// Aggregate, failure and TLS reports that parsedmarc's tests hold. It reads all but the empty one;
/// one that is not as the RFC wants it may be refused, or read with a defect.
enum ReportsSuite: OutsideSuite {
    static let name = "reports-parsedmarc"

    static func results(in folder: String) throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for file in try SuiteFiles.paths(in: folder, ending: "") {
            guard let slash = file.firstIndex(of: "/") else { continue }
            let bytes = try SuiteFiles.bytes("\(folder)/\(file)")
            let read = file.hasSuffix(".eml") ? mail(bytes) : plain(bytes, file)
            switch file[..<slash] {
            case "aggregate_invalid":
                results.append(
                    SuiteResult(case: file, step: "defect", theirs: "told", ours: read.defect))
            default:
                results.append(
                    SuiteResult(case: file, step: "read", theirs: "read", ours: read.text))
            }
        }
        let empty = plain(try SuiteFiles.bytes("\(folder)/empty.xml"), "empty.xml")
        return results + [
            SuiteResult(case: "empty.xml", step: "defect", theirs: "told", ours: empty.defect)
        ]
    }

    private struct Read {
        /// `read`, or why not.
        var text: String
        /// `told` where it was refused, or read with a defect.
        var defect: String
    }

    private static func mail(_ bytes: [UInt8]) -> Read {
        switch MailFeedback.read(MIMEMessage(bytes)) {
        case .aggregate(let report): aggregate(report)
        case .tls(let report): tls(report)
        case .complaint(let report) where report.feedbackType == "auth-failure":
            Read(text: report.sourceIP == nil ? "no source" : "read", defect: "none")
        case let other: Read(text: other.kind.rawValue, defect: "none")
        }
    }

    private static func plain(_ bytes: [UInt8], _ file: String) -> Read {
        file.contains(".json")
            ? tls(TLSReport.read(packed: bytes)) : aggregate(AggregateReport.read(packed: bytes))
    }

    private static func aggregate(_ report: ReadReport<AggregateReport>) -> Read {
        switch report {
        case .report(let report):
            Read(
                text: report.records.isEmpty ? "no record" : "read",
                defect: report.defects.isEmpty ? "none" : "told")
        case .refused(let refusal): Read(text: refusal.description, defect: "told")
        }
    }

    private static func tls(_ report: ReadReport<TLSReport>) -> Read {
        switch report {
        case .report(let report):
            Read(text: report.policies.isEmpty ? "no policy" : "read", defect: "none")
        case .refused(let refusal): Read(text: refusal.description, defect: "told")
        }
    }
}
