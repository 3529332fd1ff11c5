import DNS
import Foundation
import MailAuthentication
import MailModel
import TestSupport

/// mailauth's cases of DMARC, by RFC 9989: results and policies.
enum DMARCSuite: OutsideSuite {
    static let name = "dmarc-mailauth"

    static func results(in folder: String) async throws -> [SuiteResult] {
        let data = Data(try SignatureSuites.bytes("\(folder)/cases.json"))
        guard let cases = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] else {
            throw SuiteProblem("cases.json is no list of cases")
        }
        var results: [SuiteResult] = []
        for one in cases { results += await play(one) }
        return results
    }

    private static func play(_ one: [String: Any]) async -> [SuiteResult] {
        let inputs = one["inputs"] as? [String: [String: Any]] ?? [:]
        var results: [SuiteResult] = []
        for expectation in one["expect"] as? [[String: Any]] ?? [] {
            guard let path = expectation["of"] as? String, path.hasPrefix("$call"),
                let check = expectation["check"] as? [Any], check.first as? String == "equal",
                let value = (check.last as? [Any])?.first as? String
            else { continue }
            let parts = path.dropFirst().split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2, let input = inputs[parts[0]],
                input["header_from"] != nil,
                let ours = word(of: await outcome(input), parts[1])
            else { continue }
            results.append(
                SuiteResult(
                    case: one["name"] as? String ?? "", step: parts[1], theirs: value, ours: ours))
        }
        return results
    }

    private static func word(of outcome: DMARCOutcome, _ path: String) -> String? {
        switch path {
        case "status.result": outcome.result.rawValue
        case "policy": outcome.policy?.rawValue ?? "none"
        case "p": outcome.record?.policy?.rawValue ?? "none"
        case "sp": outcome.record?.subdomainPolicy?.rawValue ?? outcome.record?.policy?.rawValue
        case "status.header.from": outcome.authorDomain?.ascii
        default: nil
        }
    }

    private static func outcome(
        _ input: [String: Any]
    ) async -> DMARCOutcome {
        let zone = ZoneResolver()
        for (name, types) in input["zone"] as? [String: [String: Any]] ?? [:] {
            let texts = types["TXT"] as? [[String]] ?? []
            zone.put(name, .txt, texts.map { .text($0.map { Array($0.utf8) }) })
        }
        let from = input["header_from"] as? [String] ?? [input["header_from"] as? String ?? ""]
        let field = from.map { $0.contains("@") ? $0 : "x@\($0)" }.joined(separator: ", ")
        let author = Result { () throws(AuthorDomainDefect) in
            try AuthorDomain.find([Array(field.utf8)[...]])
        }
        let passed =
            identifiers(input["dkim_domains"], .dkim) + identifiers(input["spf_domains"], .spf)
        return await DMARCVerifier(resolver: zone, time: ManualTime())
            .check(author, DMARCEvidence(passed: passed))
    }

    private static func identifiers(
        _ list: Any?, _ method: DMARCIdentifier.Method
    ) -> [DMARCIdentifier] {
        (list as? [Any] ?? []).compactMap { entry in
            let text = entry as? String ?? (entry as? [String: Any])?["domain"] as? String
            return text.flatMap { try? Domain(parsing: $0) }.map { DMARCIdentifier(method, $0) }
        }
    }
}
