import DNS
import Foundation
import MailAuthentication
import MailModel
import TestSupport

/// dkimpy's mails, keys and key records: what is signed there verifies, what its tests call an error
/// is one, and what we sign with its keys verifies in every form.
enum DKIMPyVectorsSuite: OutsideSuite {
    static let name = "dkim-dkimpy-vectors"

    static func results(in folder: String) async throws -> [SuiteResult] {
        let vectors = DKIMPyVectors(folder: folder)
        var results: [SuiteResult] = []
        results += try await vectors.signedMails()
        results += try await vectors.keyRecords()
        results += try await vectors.roundTrips()
        return results
    }
}

private struct DKIMPyVectors {
    let folder: String

    func file(_ name: String) throws -> [UInt8] { try SignatureSuites.bytes("\(folder)/\(name)") }

    func mail(_ name: String) throws -> [UInt8] { SignatureSuites.withCRLF(try file(name)) }

    private func verify(_ mail: [UInt8], _ zone: ZoneResolver) async -> [DKIMOutcome] {
        await SignatureSuites.verify(
            mail, zone: zone, policy: SignatureSuites.lenient, at: 1_600_000_000)
    }

    /// Signatures that stand in the set.
    func signedMails() async throws -> [SuiteResult] {
        let zone = ZoneResolver()
        zone.putText("test._domainkey.football.example.com", try file("test.txt"))
        zone.putText(
            "brisbane._domainkey.football.example.com",
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".utf8)
        zone.putText("sed._domainkey.test.ex", try file("eximtest.dns"))
        let expected = [
            ("rfc6376.signed.msg", "pass pass"), ("rfc6376.signed.rsa.msg", "pass"),
            // The set's own remark: its tags were changed after it was signed.
            ("rfc6376.signed.no_t.msg", "fail"),
            ("ed25519test2.msg", "pass"),
            ("test.message.baddomain", "permerror"), ("test.message", "none"),
        ]
        var results: [SuiteResult] = []
        for (name, words) in expected {
            let outcomes = await verify(try mail(name), zone)
            results.append(
                SuiteResult(
                    case: name, step: "verify", theirs: words,
                    ours: outcomes.map(\.result.rawValue).joined(separator: " ")))
        }
        return results
    }

    /// A mail that is signed well, with key records of every kind.
    func keyRecords() async throws -> [SuiteResult] {
        let signed = try signed("test.message", "test.private", "example.com", SigningForm())
        let records = [
            ("test.txt", "pass"), ("test2.txt", "pass"), ("test_bad.txt", "permerror"),
            ("badk.txt", "permerror"), ("badversion.txt", "permerror"),
            ("test_tlsrpt.txt", "permerror"),
        ]
        var results: [SuiteResult] = []
        for (name, word) in records {
            let zone = ZoneResolver()
            zone.putText("test._domainkey.example.com", try file(name))
            let outcomes = await verify(signed, zone)
            results.append(
                SuiteResult(
                    case: name, step: "verify with this record", theirs: word,
                    ours: outcomes.map(\.result.rawValue).joined(separator: " ")))
        }
        return results
    }

    /// Every mail with every key in every form.
    func roundTrips() async throws -> [SuiteResult] {
        let keys = [
            ("test.private", "test.txt"),
            ("1024_testkey.key", "1024_testkey_wo_markers.pub.txt"),
            ("1024_testkey.key", "1024_testkey_wo_markers.pub.rsa.txt"),
            ("2048_testkey.key", "2048_testkey_wo_markers.pub.txt"),
            ("2048_testkey.key", "2048_testkey_wo_markers.pub.rsa.txt"),
            ("2048_testkey_PKCS8.key", "2048_testkey_PKCS8.key.pub.txt"),
            ("ed25519test.key", "ed25519test.dns"),
        ]
        let mails = [
            "test.message", "rfc6376.msg", "rfc6376.w1258.msg", "test_extra.message",
            "ed25519test.msg",
        ]
        var results: [SuiteResult] = []
        for (key, record) in keys {
            let zone = ZoneResolver()
            zone.putText("test._domainkey.example.com", try file(record))
            for name in mails {
                for header in [Canonicalization.simple, .relaxed] {
                    for body in [Canonicalization.simple, .relaxed] {
                        let form = SigningForm(header: header, body: body)
                        let signed = try signed(name, key, "example.com", form)
                        for (change, word) in [("", "pass"), ("foo", "fail")] {
                            let outcomes = await verify(signed + Array(change.utf8), zone)
                            results.append(
                                SuiteResult(
                                    case: "\(name) by \(record)",
                                    step: "\(header)/\(body)\(change.isEmpty ? "" : " altered")",
                                    theirs: word,
                                    ours: outcomes[0].result.rawValue))
                        }
                    }
                }
            }
        }
        return results
    }

    private func signed(
        _ name: String, _ key: String, _ domain: String, _ form: SigningForm
    ) throws -> [UInt8] {
        var settings = DKIMSigningSettings()
        settings.form = form
        let mail = try mail(name)
        let signer = DKIMSigner(
            domain: Domain(validatedASCII: domain), selector: "test", key: try signingKey(key),
            settings: settings)
        let field = try signer.field(
            for: SignedMail(mail, forms: [form]), at: Timestamp(milliseconds: 1_500_000_000_000))
        return field + mail
    }

    /// A file of the set is PEM, or the base64 of an Ed25519 seed.
    private func signingKey(_ name: String) throws -> SigningKey {
        let text = try file(name)
        if let seed = Data(base64Encoded: Data(text), options: .ignoreUnknownCharacters),
            let key = SigningKey(ed25519Seed: Array(seed))
        {
            return key
        }
        return try SignatureSuites.key(text)
    }
}
