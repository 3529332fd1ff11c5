import MailModel

extension AggregateReport {
    /// The report in an attachment's bytes: packed or plain.
    package static func read(packed: [UInt8]) -> ReadReport<AggregateReport> {
        do throws(ReportRefusal) {
            return .report(try AggregateReportReader.read(ReportArchive.contents(packed)))
        } catch {
            return .refused(error)
        }
    }
}

/// Takes a report out of the events of its XML. Elements are known by their names alone: reporters
/// write any namespace, and any order.
final class AggregateReportReader {
    private var report = AggregateReport()
    private var record = AggregateReport.Record()
    private var reason = AggregateReport.Record.Reason(type: "")
    private var result = AuthResult()
    private var seen: Set<String> = []
    private var wrongRoot: ReportRefusal?

    /// One `dkim` or `spf` in `auth_results`.
    private struct AuthResult {
        var domain = ""
        var selector: String?
        var scope: String?
        var result = ""
        var humanResult: String?
    }

    /// What is malformed is repaired once; what was whole before an end that comes early is kept.
    /// Either is a defect.
    static func read(_ document: [UInt8]) throws(ReportRefusal) -> AggregateReport {
        guard document.contains(where: { $0 > 32 }) else {
            throw ReportRefusal("line 1, column 1", found: "nothing", expected: "feedback")
        }
        let first = AggregateReportReader()
        guard let flaw = try first.walk(document) else { return try first.finished() }
        let second = AggregateReportReader()
        let flawLeft = try second.walk(XMLRepair.repaired(document))
        second.add(flaw)
        if second.report.records.isEmpty { throw flawLeft ?? flaw }
        if let flawLeft, flawLeft != flaw { second.add(flawLeft) }
        return try second.finished()
    }

    /// What is not well-formed is returned; anything else ends the reading.
    private func walk(_ document: [UInt8]) throws(ReportRefusal) -> ReportRefusal? {
        let walk = XMLWalk(
            opened: { [unowned self] in try open($0) },
            closed: { [unowned self] in try close($0, $1) })
        guard let walk else { throw ReportRefusal("the XML", found: "no memory", expected: "some") }
        let flaw = try walk.walk(document)
        return wrongRoot ?? flaw
    }

    private func open(_ path: [String]) throws(ReportRefusal) {
        if path.count == 1, path[0] != "feedback" {
            wrongRoot = ReportRefusal("the root", found: shown(path[0]), expected: "feedback")
        }
        switch path.last {
        case "record" where path.count == 2: record = AggregateReport.Record()
        case "reason": reason = .init(type: "")
        case "dkim" where isInResults(path), "spf" where isInResults(path): result = AuthResult()
        default: break
        }
    }

    private func isInResults(_ path: [String]) -> Bool {
        path.count == 4 && path[2] == "auth_results"
    }

    private func close(_ path: [String], _ text: String) throws(ReportRefusal) {
        guard path.count > 1, wrongRoot == nil else { return }
        switch path[1] {
        case "version": report.version = text
        case "report_metadata": try closeMetadata(path, text)
        case "policy_published" where path.count == 3: closePolicy(path[2], text)
        case "record": try closeRecord(path, text)
        default: break
        }
    }

    // MARK: Metadata and policy

    private func closeMetadata(_ path: [String], _ text: String) throws(ReportRefusal) {
        seen.insert(path.last ?? "")
        switch path.last {
        case "org_name": report.organization = text
        case "email": report.email = text
        case "extra_contact_info": report.extraContactInfo = text
        case "report_id": report.reportID = text
        case "begin": report.begin = try number(text, at: "date_range, begin")
        case "end": report.end = try number(text, at: "date_range, end")
        case "error":
            if report.errors.count < AggregateReport.defectsMax { report.errors.append(text) }
        case "generator": report.generator = text
        default: break
        }
    }

    private func closePolicy(_ name: String, _ text: String) {
        switch name {
        case "domain":
            report.policy.domain = text.lowercased()
            seen.insert("domain")
        case "p": report.policy.p = word(text, policies, at: "policy_published, p")
        case "sp": report.policy.sp = word(text, policies, at: "policy_published, sp")
        case "np": report.policy.np = word(text, policies, at: "policy_published, np")
        case "adkim": report.policy.adkim = word(text, ["r", "s"], at: "policy_published, adkim")
        case "aspf": report.policy.aspf = word(text, ["r", "s"], at: "policy_published, aspf")
        case "pct": report.policy.pct = Int(text)
        case "fo": report.policy.fo = text
        case "testing":
            report.policy.testing = word(text, ["y", "n"], at: "policy_published, testing")
        case "discovery_method":
            report.policy.discoveryMethod = word(
                text, ["psl", "treewalk"], at: "policy_published, discovery_method")
        default: break
        }
    }

    private let policies: Set<String> = ["none", "quarantine", "reject"]

    // MARK: Records

    private var recordPlace: String { "record \(report.records.count + 1)" }

    private func closeRecord(_ path: [String], _ text: String) throws(ReportRefusal) {
        if path.count == 2 { return try addRecord() }
        if path.contains("reason") { return closeReason(path, text) }
        switch path[2] {
        case "row": try closeRow(path.last ?? "", text)
        // `identities` is what drafts called it.
        case "identifiers", "identities": closeIdentifiers(path.last ?? "", text)
        case "auth_results": closeResult(path, text)
        default: break
        }
    }

    private func closeReason(_ path: [String], _ text: String) {
        switch path.last {
        case "type": reason.type = text.lowercased()
        case "comment": reason.comment = text.isEmpty ? nil : text
        case "reason":
            let isTold = !reason.type.isEmpty || reason.comment != nil
            if isTold, record.reasons.count < Self.resultsMax { record.reasons.append(reason) }
        default: break
        }
    }

    private func closeRow(_ name: String, _ text: String) throws(ReportRefusal) {
        switch name {
        case "source_ip":
            guard IPAddress(text) != nil else {
                throw ReportRefusal(
                    "\(recordPlace), source_ip", found: shown(text), expected: "an IP address")
            }
            record.sourceIP = text
        case "count":
            record.count = Int(clamping: try number(text, at: "\(recordPlace), count"))
        case "disposition":
            record.disposition = word(
                text, policies.union(["pass"]), at: "\(recordPlace), disposition")
        case "dkim": record.dkim = word(text, ["pass", "fail"], at: "\(recordPlace), dkim")
        case "spf": record.spf = word(text, ["pass", "fail"], at: "\(recordPlace), spf")
        default: break
        }
    }

    private func closeIdentifiers(_ name: String, _ text: String) {
        switch name {
        case "header_from": record.headerFrom = text.lowercased()
        case "envelope_from": record.envelopeFrom = text.isEmpty ? nil : text.lowercased()
        case "envelope_to": record.envelopeTo = text.isEmpty ? nil : text.lowercased()
        default: break
        }
    }

    /// Results of one record that are kept.
    private static let resultsMax = 100

    private func closeResult(_ path: [String], _ text: String) {
        let kind = path.count > 3 ? path[3] : ""
        let hasRoom =
            record.dkimResults.count < Self.resultsMax && record.spfResults.count < Self.resultsMax
        switch path.count == 4 ? kind : path.last {
        case "domain": result.domain = text.lowercased()
        case "selector": result.selector = text
        case "scope": result.scope = text.lowercased()
        case "result":
            result.result = word(text, results, at: "\(recordPlace), \(kind), result") ?? ""
        case "human_result": result.humanResult = text.isEmpty ? nil : text
        case "dkim" where hasRoom:
            record.dkimResults.append(
                .init(
                    domain: result.domain, selector: result.selector, result: result.result,
                    humanResult: result.humanResult))
        case "spf" where hasRoom:
            record.spfResults.append(
                .init(
                    domain: result.domain, scope: result.scope, result: result.result,
                    humanResult: result.humanResult))
        default: break
        }
    }

    /// RFC 8601 §2.7, and what drafts called the errors.
    private let results: Set<String> = [
        "none", "pass", "fail", "policy", "neutral", "temperror", "permerror", "softfail",
        "hardfail",
        "error", "unknown",
    ]

    private func addRecord() throws(ReportRefusal) {
        guard !record.sourceIP.isEmpty else {
            throw ReportRefusal(
                "\(recordPlace), source_ip", found: "nothing", expected: "an IP address")
        }
        guard report.records.count < AggregateReport.recordsMax else {
            throw ReportRefusal(
                recordPlace, found: "another record",
                expected: "at most \(AggregateReport.recordsMax)")
        }
        report.records.append(record)
    }

    // MARK: Values

    private func finished() throws(ReportRefusal) -> AggregateReport {
        for name in ["report_id", "begin", "end", "domain"] where !seen.contains(name) {
            throw ReportRefusal("feedback", found: "no \(name)", expected: name)
        }
        guard !report.records.isEmpty else {
            throw ReportRefusal("feedback", found: "no record", expected: "at least one")
        }
        return report
    }

    private func add(_ defect: ReportRefusal) {
        if report.defects.count < AggregateReport.defectsMax { report.defects.append(defect) }
    }

    /// One of `words`, in lower case; a defect where it is spelled otherwise, or is another one. Nil
    /// where nothing stands.
    private func word(_ text: String, _ words: Set<String>, at place: String) -> String? {
        guard !text.isEmpty else { return nil }
        if !words.contains(text) {
            add(
                ReportRefusal(
                    place, found: shown(text), expected: words.sorted().joined(separator: ", ")))
        }
        return text.lowercased()
    }

    /// QUIRK: a fraction, as `1538204542.0`.
    private func number(_ text: String, at place: String) throws(ReportRefusal) -> Int64 {
        let whole = text.prefix { $0 != "." }
        guard let number = Int64(whole), number >= 0 else {
            throw ReportRefusal(place, found: shown(text), expected: "a number")
        }
        return number
    }

    /// Fit for a log and a terminal: short, and without controls.
    private func shown(_ text: String) -> String {
        let visible = text.prefix(bytes: 60).unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
            default: String(scalar)
            }
        }
        return text.isEmpty ? "nothing" : "'\(visible.joined())'"
    }
}
