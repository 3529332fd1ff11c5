import DNS
import Foundation
import MailAuthentication
import TestSupport

/// Mails that Mail::DKIM verifies, as of RFC 6376. Its keys are of a time before RFC 8301.
enum MailDKIMSuite: OutsideSuite {
    static let name = "dkim-maildkim/rfc6376"

    static func results(in folder: String) async throws -> [SuiteResult] {
        try await MailDKIMCorpus(folder).results { $0 == "rfc6376" }
    }
}

/// The rest of the set: drafts of DKIM, DomainKeys, and a tag of RFC 4871 that is no more. For
/// information: a verifier of RFC 6376 finds no signature there, or none that it accepts.
enum MailDKIMHistorySuite: OutsideSuite {
    static let name = "dkim-maildkim/historic"

    static func results(in folder: String) async throws -> [SuiteResult] {
        try await MailDKIMCorpus(folder).results { $0 != "rfc6376" }
    }
}

private struct MailDKIMCorpus {
    struct Expected: Decodable {
        let expect: String
        let profile: String
    }

    let folder: String
    let zone = ZoneResolver()
    let expected: [String: Expected]

    init(_ folder: String) throws {
        self.folder = folder
        expected = try SignatureSuites.json(
            [String: Expected].self, "\(folder)/expected.json")
        let records = try SignatureSuites.json([String: String?].self, "\(folder)/dns.json")
        for (name, text) in records {
            switch text {
            case nil: zone.put(name.lowercased(), .txt, .success(DNSAnswer(.noSuchName)))
            case "$TIMEOUT"?: zone.put(name.lowercased(), .txt, .failure(.timedOut))
            case "$SERVFAIL"?: zone.put(name.lowercased(), .txt, .failure(.serverFailed("")))
            case let text?: zone.putText(name, text.utf8)
            }
        }
    }

    func results(where isWanted: (String) -> Bool) async throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for (file, case_) in expected.sorted(by: { $0.key < $1.key }) where isWanted(case_.profile)
        {
            let mail = SignatureSuites.withCRLF(
                try SignatureSuites.bytes("\(folder)/corpus/\(file)"))
            let outcomes = await SignatureSuites.verify(
                mail, zone: zone, policy: SignatureSuites.lenient, at: 1_700_000_000)
            results.append(
                SuiteResult(
                    case: file, step: "verify", theirs: case_.expect,
                    ours: word(outcomes, expected: case_.expect)))
        }
        return results
    }

    /// The set's three words: a mail passes if any signature does, and is invalid where none could
    /// be computed. Where the set says fail, whatever is no pass is right: some of these signatures
    /// have no `v=`, and are not computed.
    private func word(_ outcomes: [DKIMOutcome], expected: String) -> String {
        let results = outcomes.map(\.result)
        if results.contains(.pass) { return "pass" }
        return results.contains(.fail) || expected == "fail" ? "fail" : "invalid"
    }
}
