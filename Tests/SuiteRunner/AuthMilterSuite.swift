import Foundation
import LibCrypto
import MailAuthentication
import MailFlow
import MailModel
import NIOCore
import Storage
import TestSupport

/// Authentication Milter's runs, from the mail and its envelope to the results that it wrote on top
/// of the mail: dkim, spf, dmarc and iprev, as the receiver finds them (`Understanding`).
///
/// A run's client and MAIL FROM are those that the results name, since the product maps addresses
/// and repairs paths. Only methods that it names are compared: it asks about local and trusted
/// clients less. Where its configuration hides `none`, a method that is not named found that.
enum AuthMilterSuite: OutsideSuite {
    static let name = "e2e-authmilter"

    struct Run: Decodable {
        let prefix: String
        let source: String
        let dest: String
        let ip: String
        /// The argument of HELO.
        let name: String
        let from: String
    }

    private static let methods = ["dkim", "spf", "dmarc", "iprev"]
    /// Of 2020: no signature of the set has an end.
    private static let now = Timestamp(milliseconds: 1_600_000_000_000)

    static func results(in folder: String) async throws -> [SuiteResult] {
        let zone = ZoneFile(try String(contentsOfFile: "\(folder)/zonefile", encoding: .utf8))
            .resolver
        let runs = try SignatureSuites.json([Run].self, "\(folder)/runs.json")
        let understanding = Understanding(
            settings: AuthenticationSettings(
                hostname: "mx.ours.example", authenticator: "mx.ours.example"),
            screener: nil, bodies: NoBodies(), resolver: zone, rsa: LibCryptoRSA(),
            time: ManualTime(now))
        var results: [SuiteResult] = []
        for run in runs {
            // What it refused, or let through unseen, has no results.
            guard let theirs = try written(for: run, in: folder) else { continue }
            let mail = SuiteFiles.withCRLF(
                try SuiteFiles.bytes("\(folder)/source/\(run.source)"))
            let judgement = await understanding.judge(
                record(of: run, theirs, length: mail.count), .bytes(ByteBuffer(bytes: mail)),
                isScanned: false)
            guard case .verdicts(let verdicts) = judgement else {
                throw SuiteProblem("\(run.dest) was put off")
            }
            results += compare(run, theirs, verdicts)
        }
        return results
    }

    private static func compare(
        _ run: Run, _ theirs: AuthenticationResults, _ verdicts: VerdictRecord
    ) -> [SuiteResult] {
        let ours = [
            "dkim": verdicts.dkim.result, "spf": verdicts.spf.result,
            "dmarc": verdicts.dmarc.result,
            "iprev": verdicts.others.first { $0.method == "iprev" }?.finding.result ?? "",
        ]
        return methods.compactMap { method in
            let found = Set(theirs.methods.filter { $0.name == method }.map(\.result))
            let isHidden = run.prefix.hasPrefix("config/hide_none") && method != "iprev"
            guard !found.isEmpty || isHidden else { return nil }
            return SuiteResult(
                case: run.dest, step: method,
                theirs: found.isEmpty ? "none" : found.sorted().joined(separator: ", "),
                ours: ours[method] ?? "")
        }
    }

    /// The results that the product wrote: its field stands above those of the mail's own header,
    /// behind what it shows of its session with the next server.
    private static func written(for run: Run, in folder: String) throws -> AuthenticationResults? {
        let path = "\(folder)/example/\(run.dest)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let source = HeaderBlock(
            SuiteFiles.withCRLF(try SuiteFiles.bytes("\(folder)/source/\(run.source)"))[...])
        let written = HeaderBlock(SuiteFiles.withCRLF(try SuiteFiles.bytes(path))[...])
        let name = AuthenticationResults.fieldName
        guard written.all(name).count > source.all(name).count, let field = written.all(name).first
        else { return nil }
        return try AuthenticationResults(parsing: field.body[...])
    }

    private static func record(
        of run: Run, _ theirs: AuthenticationResults, length: Int
    ) -> MailRecord {
        func named(_ method: String, _ property: String) -> String? {
            theirs.methods.first { $0.name == method }?.properties
                .first { $0.name == property }?.value
        }
        let from = named("spf", "mailfrom") ?? run.from.filter { $0 != "<" && $0 != ">" }
        let envelope = ReceivedEnvelope(
            mailFrom: Mailbox(from).map(ReversePath.mailbox) ?? .null, recipients: [],
            helo: named("spf", "helo") ?? run.name,
            peerAddress: named("iprev", "remote-ip") ?? run.ip, tls: nil, isExtended: true,
            isSMTPUTF8: false, is8BitMIME: false)
        return MailRecord(
            id: MailID(at: now, random: CountingRandom()), account: .main, receivedAt: now,
            state: .acting, envelope: envelope, ruleSetVersion: "", isUntaken: false,
            bodyPlace: .row, headLength: 0, totalLength: length, checksum: 0)
    }
}
