import Foundation
import MailAuthentication
import TestSupport

/// mailauth's cases of canonical headers and bodies. Those of its own programming interface are not
/// ours to play, and those of bodies whose bytes the set does not hold cannot be.
enum DKIMCanonSuite: OutsideSuite {
    static let name = "dkim-canon"

    static func results(in folder: String) async throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for file in ["body-relaxed", "body-simple", "header-relaxed", "header-simple"] {
            let path = "\(folder)/dkim-\(file).json"
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard let cases = try JSONSerialization.jsonObject(with: data) as? [[String: Any]]
            else { throw SuiteProblem("\(file) is no list of cases") }
            for one in cases { results += CanonCase(file, one).results }
        }
        return results
    }
}

private struct CanonCase {
    let name: String
    let function: String
    let arguments: [Any]
    let expectations: [[String: Any]]

    init(_ file: String, _ one: [String: Any]) {
        name = "\(file): \(one["name"] as? String ?? "")"
        let call = (one["calls"] as? [[String: Any]])?.first ?? [:]
        function = call["fn"] as? String ?? ""
        arguments = call["args"] as? [Any] ?? []
        expectations = one["expect"] as? [[String: Any]] ?? []
    }

    var results: [SuiteResult] {
        expectations.compactMap { expectation in
            let chain = expectation["chain"] as? [Any] ?? []
            let words = chain.compactMap { $0 as? String }
            let value = (chain.last as? [String: Any])?["args"] as? [Any]
            switch function {
            case "new RelaxedHash", "new SimpleHash":
                guard let digest = value?.first as? String else { return nil }
                return bodyResult(digest)
            default:
                guard expectation["subject"] as? String == "$call0.canonicalizedHeader",
                    let text = value?.first as? String
                else { return nil }
                return headerResult(words, text)
            }
        }
    }

    /// The set does not hold what was hashed: the body is empty, or `l=` leaves nothing of it.
    private func bodyResult(_ digest: String) -> SuiteResult? {
        let limit = arguments.count > 1 ? arguments[1] as? Int : nil
        guard limit == 0 || name.contains("empty") else { return nil }
        let key = BodyHashKey(
            canonicalization: function.contains("Relaxed") ? .relaxed : .simple,
            hash: (arguments.first as? String)?.hasSuffix("sha1") == true ? .sha1 : .sha256,
            limit: limit)
        var hashes = BodyHashes([key])
        hashes.finish()
        return SuiteResult(
            case: name, step: "digest", theirs: digest,
            ours: Data(hashes.result(key).digest ?? []).base64EncodedString())
    }

    private func headerResult(_ words: [String], _ text: String) -> SuiteResult {
        let ours = canonicalHeader
        let isThere = ours.contains(text)
        let wanted = words.contains("not") ? "without" : "with"
        return SuiteResult(
            case: name, step: "header \(wanted) \(text.debugDescription)", theirs: wanted,
            ours: isThere ? "with" : "without")
    }

    private var canonicalHeader: String {
        let settings = arguments.count > 1 ? arguments[1] as? [String: Any] ?? [:] : [:]
        let lines = settings["headers"] as? [[String: Any]] ?? []
        var header: [UInt8] = []
        for line in lines {
            let encoded = (line["line"] as? [String: Any])?["$base64"] as? String ?? ""
            header += Array(Data(base64Encoded: encoded) ?? Data()) + [0x0D, 0x0A]
        }
        let fields = MailFields(header)
        var output: [UInt8] = []
        let canonicalization: Canonicalization =
            function == "relaxedHeaders" ? .relaxed : .simple
        for field in fields.fields {
            canonicalization.append(field, of: fields.bytes, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }
}
