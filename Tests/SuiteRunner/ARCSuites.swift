import DNS
import Foundation
import LibCrypto
import MailAuthentication
import MailModel
import TestSupport

/// ValiMail's ARC suite: chains that are verified.
enum ARCValidationSuite: OutsideSuite {
    static let name = "arc-valimail/validation"

    static func results(in folder: String) async throws -> [SuiteResult] {
        let cases = try SignatureSuites.json([ARCCase].self, "\(folder)/validation.json")
        var results: [SuiteResult] = []
        for one in cases {
            // The set has cases without an answer.
            guard let cv = one.cv, !cv.isEmpty else { continue }
            let outcome = await one.verified()
            results.append(
                SuiteResult(
                    case: one.test, step: one.description, theirs: cv.lowercased(),
                    ours: outcome.result.rawValue))
        }
        return results
    }
}

/// ValiMail's ARC suite: mails that are sealed. Fields are compared as sets of tags without white
/// space.
enum ARCSigningSuite: OutsideSuite {
    static let name = "arc-valimail/sign"

    static func results(in folder: String) async throws -> [SuiteResult] {
        let cases = try SignatureSuites.json([ARCCase].self, "\(folder)/sign.json")
        var results: [SuiteResult] = []
        for one in cases {
            let ours = try await one.sealed()
            let theirs = [("AAR", one.AAR), ("AMS", one.AMS), ("AS", one.AS)]
            for ((name, expected), field) in zip(theirs, ours) {
                results.append(
                    SuiteResult(
                        case: one.test, step: name, theirs: ARCCase.tags(expected ?? ""),
                        ours: ARCCase.tags(field)))
            }
        }
        return results
    }
}

private struct ARCCase: Decodable {
    let test: String
    let description: String
    let message: String
    let cv: String?
    let t: Int64?
    let sigHeaders: String?
    let serverID: String?
    let selector: String?
    let domain: String?
    let privateKey: String?
    let AS: String?
    let AMS: String?
    let AAR: String?
    let records: [String: String]?

    enum CodingKeys: String, CodingKey {
        case test, description, message, cv, t, domain, AS, AMS, AAR
        case sigHeaders = "sig-headers"
        case serverID = "srv-id"
        case selector = "sel"
        case privateKey = "privatekey"
        case records = "txt-records"
    }

    private var mail: SignedMail {
        SignedMail(SignatureSuites.withCRLF(message.utf8), forms: [ARCSealer.form])
    }

    func verified() async -> ARCOutcome {
        let zone = ZoneResolver()
        for (name, text) in records ?? [:] { zone.putText(name, text.utf8) }
        let time = ManualTime(Timestamp(milliseconds: 1_500_000_000_000))
        return await ARCVerifier(
            resolver: zone, rsa: LibCryptoRSA(), time: time, policy: SignatureSuites.strict
        ).verify(mail)
    }

    /// The three fields' bodies: results, message signature, seal.
    func sealed() async throws -> [String] {
        let domain = try Domain(parsing: domain ?? "")
        let sealer = ARCSealer(
            domain: domain, selector: selector ?? "",
            key: try SignatureSuites.key((privateKey ?? "").utf8),
            signedFields: (sigHeaders ?? "").lowercased().split(separator: ":").map(String.init))
        let added = try sealer.fields(
            for: mail, results: Array("\(serverID ?? "")\(authenticationResults)".utf8),
            chain: await verified().result, at: Timestamp(milliseconds: (t ?? 0) * 1000))
        guard let added else { return ["", "", ""] }
        let fields = MailFields(added)
        return fields.fields.reversed().map { field in
            String(decoding: added[field.range], as: UTF8.self).split(
                separator: ":", maxSplits: 1)[1].trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// What stands behind the sealer's name in its Authentication-Results fields, in order.
    private var authenticationResults: String {
        HeaderBlock(SignatureSuites.withCRLF(message.utf8)[...]).all("Authentication-Results")
            .compactMap { field in
                let parts = field.text.split(separator: ";", maxSplits: 1)
                guard parts.count == 2,
                    parts[0].trimmingCharacters(in: .whitespaces) == serverID
                else { return nil }
                return ";\(parts[1])"
            }
            .joined()
    }

    static func tags(_ field: String) -> String {
        field.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            .filter { !$0.isEmpty }.sorted().joined(separator: "; ")
    }
}
