import DNS
import Foundation
import MailAuthentication
import MailModel
import TestSupport

/// mailauth's cases of DMARC: verdicts on mails (`header_from`), and the finding of records
/// (`lookup`).
///
/// A case is played by RFC 9989, and by RFC 7489 where it looks at what that alone has: `pct` and
/// `ri`, whether a record is that of the organization, and which names were asked for. Its domains
/// are directly below top-level ones, where the public suffix list's rule for all others holds.
enum DMARCSuite: OutsideSuite {
    static let name = "dmarc-mailauth"

    static func results(in folder: String) async throws -> [SuiteResult] {
        guard let cases = try SuiteFiles.json("\(folder)/cases.json") as? [[String: Any]] else {
            throw SuiteProblem("cases.json is no list of cases")
        }
        var results: [SuiteResult] = []
        for one in cases { results += try await DMARCCase(one).play() }
        return results
    }
}

private struct DMARCCase {
    /// What a case says of a value at a path.
    struct Expectation {
        /// `$call0.status.result`
        var path: String
        /// Chai's words: `["equal", ["pass"]]`
        var check: [Any]
    }

    /// Fields of mailauth's own, which no RFC has.
    static let ownFields: Set<String> = [
        // The record's text, a line for people, and a comment with ARC's result.
        "rr", "info", "status.comment",
        // Bytes that a signature with l= leaves out: of DKIM's outcome here.
        "alignment.dkim.underSized",
        // Words of JavaScript for a failure, and keys of its object for tags that are none.
        "error", "tagonly", "false",
    ]
    static let fieldsOfRFC7489: Set<String> = ["pct", "ri", "isOrgRecord"]

    let name: String
    private let calls: [String: [String: Any]]
    private let expectations: [Expectation]
    private let rules: DMARCRules
    private let dnsFails: Bool

    init(_ one: [String: Any]) throws {
        guard let suite = one["suite"] as? String, let name = one["name"] as? String,
            let calls = one["inputs"] as? [String: [String: Any]],
            let expect = one["expect"] as? [[String: Any]]
        else { throw SuiteProblem("a case without names, inputs or expectations") }
        self.name = "\(suite) > \(name)"
        self.calls = calls
        expectations = expect.map {
            Expectation(path: Self.path($0["of"]), check: $0["check"] as? [Any] ?? [])
        }
        let fields = expectations.map { Self.place($0.path).field }
        let isOld =
            !Self.fieldsOfRFC7489.isDisjoint(with: fields)
            || expectations.contains { $0.path == "asked" }
        rules = isOld ? .rfc7489(PublicSuffixList([])) : .rfc9989
        dnsFails = expectations.contains { expectation in
            (expectation.check.last as? [Any])?.first as? String == "temperror"
                || expectation.path == "thrown"
        }
    }

    /// A list stands for the names that were asked for, and what is not defined for what was thrown.
    private static func path(_ value: Any?) -> String {
        switch value {
        case let path as String: path
        case is [Any]: "asked"
        default: "thrown"
        }
    }

    /// `call0` and `status.result`
    private static func place(_ path: String) -> (call: String, field: String) {
        let parts = path.drop { $0 == "$" }.split(separator: ".", maxSplits: 1).map(String.init)
        return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    }

    func play() async throws -> [SuiteResult] {
        var outcomes: [String: DMARCOutcome] = [:]
        var asked: [String] = []
        for (call, input) in calls.sorted(by: { $0.key < $1.key }) {
            let zone = zone(input["zone"])
            outcomes[call] = await outcome(input, zone)
            asked += zone.asked.filter { $0.hasPrefix("txt ") }.map { String($0.dropFirst(4)) }
        }
        return try expectations.compactMap { expectation in
            let (call, field) = Self.place(expectation.path)
            switch expectation.path {
            // `typeof`, of a value that is compared anyway.
            case "function": return nil
            case "asked":
                return result("asked", expectation, ours: "[\(asked.joined(separator: ", "))]")
            case "thrown":
                let failed = outcomes.values.allSatisfy { $0.result == .temperror }
                return result("thrown", expectation, ours: failed ? "ETIMEOUT" : "undefined")
            default: break
            }
            guard !Self.ownFields.contains(field) else { return nil }
            guard let outcome = outcomes[call], let ours = Self.value(of: field, in: outcome) else {
                throw SuiteProblem("\(name): \(expectation.path) is not known")
            }
            return result(expectation.path, expectation, ours: ours)
        }
    }

    private func result(_ step: String, _ expectation: Expectation, ours: String) -> SuiteResult {
        let theirs = Self.wanted(expectation.check)
        // Whatever there is, where they only say that there is something.
        let isAny = theirs == "object" && ours != "false"
        return SuiteResult(case: name, step: step, theirs: isAny ? ours : theirs, ours: ours)
    }

    /// The value that makes an expectation true.
    private static func wanted(_ check: [Any]) -> String {
        guard let word = check.first as? String else { return "?" }
        switch word {
        case "equal", "deep", "an": return text((check.last as? [Any])?.first)
        case "not": return "undefined"
        default: return word
        }
    }

    private static func text(_ value: Any?) -> String {
        switch value {
        case let list as [Any]: "[\(list.map { text($0) }.joined(separator: ", "))]"
        case let value?: "\(value)"
        case nil: "undefined"
        }
    }

    // MARK: Ours

    /// Nil: no field that mailauth has. An outcome without a record is its `false`.
    private static func value(of field: String, in outcome: DMARCOutcome) -> String? {
        let record = outcome.record
        return switch field {
        case "": record == nil ? "false" : "object"
        case "status.result": outcome.result.rawValue
        case "policy": outcome.policy?.rawValue ?? "undefined"
        case "domain", "status.header.d": outcome.policyDomain?.ascii ?? "undefined"
        case "status.header.from": outcome.authorDomain?.ascii ?? "undefined"
        case "isOrgRecord": "\(outcome.policyDomain != outcome.authorDomain)"
        case "alignment.dkim.strict": "\(record?.dkimAlignment == .strict)"
        case "alignment.spf.strict": "\(record?.spfAlignment == .strict)"
        case "alignment.dkim.result": aligned(.dkim, outcome)
        case "alignment.spf.result": aligned(.spf, outcome)
        // What is read as a record has this version and no other.
        case "v": record == nil ? "undefined" : "DMARC1"
        case "p": record?.policy?.rawValue ?? "undefined"
        case "sp": record?.subdomainPolicy?.rawValue ?? "undefined"
        case "adkim": record?.dkimAlignment.rawValue ?? "undefined"
        case "aspf": record?.spfAlignment.rawValue ?? "undefined"
        case "pct": record.map { "\($0.percent)" } ?? "undefined"
        case "ri": record.map { "\($0.reportSeconds)" } ?? "undefined"
        case "fo": record?.failureOptions.map(\.rawValue).joined(separator: ":") ?? "undefined"
        case "rua": record?.aggregateReports.joined(separator: ",") ?? "undefined"
        case "ruf": record?.failureReports.joined(separator: ",") ?? "undefined"
        default: nil
        }
    }

    private static func aligned(
        _ method: DMARCIdentifier.Method, _ outcome: DMARCOutcome
    ) -> String {
        outcome.aligned.first { $0.method == method }?.domain.ascii ?? "undefined"
    }

    private func outcome(_ input: [String: Any], _ zone: ZoneResolver) async -> DMARCOutcome {
        let passed =
            Self.identifiers(input["dkim_domains"], .dkim)
            + Self.identifiers(input["spf_domains"], .spf)
        return await DMARCVerifier(resolver: zone, time: ManualTime(), rules: rules)
            .check(Self.author(input), DMARCEvidence(passed: passed))
    }

    private static func author(_ input: [String: Any]) -> Result<Domain, AuthorDomainDefect> {
        let written = input["lookup"] ?? input["header_from"]
        let addresses = written as? [String] ?? [written as? String ?? ""]
        // A domain alone stands for an address there.
        let field = addresses.map { $0.contains("@") ? $0 : "x@\($0)" }.joined(separator: ", ")
        return Result { () throws(AuthorDomainDefect) in
            try AuthorDomain.find([Array(field.utf8)[...]])
        }
    }

    private static func identifiers(
        _ list: Any?, _ method: DMARCIdentifier.Method
    ) -> [DMARCIdentifier] {
        (list as? [Any] ?? []).compactMap { entry in
            let text = entry as? String ?? (entry as? [String: Any])?["domain"] as? String
            return text.flatMap { try? Domain(parsing: $0) }.map { DMARCIdentifier(method, $0) }
        }
    }

    /// The set has lost what failed where a case expects a failing DNS: there, every name that is
    /// not in its zone fails.
    private func zone(_ names: Any?) -> ZoneResolver {
        let zone = dnsFails ? ZoneResolver(others: .failure(.timedOut)) : ZoneResolver()
        for (name, types) in names as? [String: [String: Any]] ?? [:] {
            let texts = types["TXT"] as? [[String]] ?? []
            zone.put(name, .txt, texts.map { .text($0.map { Array($0.utf8) }) })
        }
        return zone
    }
}
