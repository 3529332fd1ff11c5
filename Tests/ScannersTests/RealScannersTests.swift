import Foundation
import MailModel
import NIOCore
import Scanners
import Screening
import Storage
import TestSupport
import Testing

/// Debian's rspamd and clamd, which find what is made to be found. `make test` has fetched them;
/// without them these tests are skipped.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RealScannersTests {
    private static func isFetched(_ peer: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(ProjectFiles.root)/var/peers/\(peer)/root")
    }

    // In two parts each, so that nobody takes this file for one of them.
    private static let gtube =
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    private static let eicar =
        #"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-"# + "ANTIVIRUS-TEST-FILE!$H+H*"

    private static func mail(_ body: String, header: String = "") throws -> ScannedMail {
        try ScannedMails.mail(
            "From: <b@example.net>\r\nTo: <a@example.org>\r\nSubject: x\r\n"
                + "Message-ID: <1@example.net>\r\n\(header)\r\n\(body)\r\n")
    }

    /// What `scanner` says, once it has begun to say anything.
    private static func scan(
        _ mail: ScannedMail, by scanner: any MailScanner, of process: Process
    ) async throws -> ScanVerdict {
        var verdict = await scanner.scan(mail)
        for _ in 0..<600 where verdict.isUnavailable && process.isRunning {
            try await Task.sleep(for: .milliseconds(100))
            verdict = await scanner.scan(mail)
        }
        return verdict
    }

    /// Runs one for the time of `body`, which is given where it is.
    private static func running(
        _ name: String, _ body: (ScannerSettings, Process) async throws -> Void
    ) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: "\(ProjectFiles.root)/scripts/scanner-instance")
        process.arguments = [name, folder]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        try await body(
            ScannerSettings(
                address: .unix(path: "\(folder)/\(name).sock"), timeoutSeconds: 30,
                connectionsMax: 4),
            process)
    }

    @Test(.enabled(if: isFetched("rspamd"), "scripts/fetch-peer rspamd var/peers/rspamd"))
    func rspamdFindsGTUBE() async throws {
        try await Self.running("rspamd") { settings, process in
            let scanner = RspamdScanner(settings)
            let clean = try await Self.scan(
                try Self.mail("Nothing to see."), by: scanner, of: process)
            #expect(clean.status == .pass, "\(clean.reason)")
            let spam = await scanner.scan(try Self.mail(Self.gtube))
            #expect(spam.status == .fail, "\(spam.reason)")
            guard case .spam(let scan) = spam.detail else {
                Issue.record("\(spam)")
                return
            }
            #expect(scan.action == .reject && scan.symbols.map(\.name) == ["GTUBE"])
            // A large mail, of which rspamd sees the end as well. It looks for GTUBE in parts of at
            // most 4 KB.
            let large = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 40_000)
            let parts = ["application/x-large\r\n\r\n\(large)", "text/plain\r\n\r\n\(Self.gtube)"]
                .map { "--b\r\nContent-Type: \($0)\r\n" }
            let last = await scanner.scan(
                try Self.mail(
                    parts.joined() + "--b--",
                    header: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"))
            #expect(last.status == .fail, "\(last.reason)")
        }
    }

    @Test(.enabled(if: isFetched("clamav"), "scripts/fetch-peer clamav var/peers/clamav"))
    func clamdFindsEICAR() async throws {
        try await Self.running("clamd") { settings, process in
            let scanner = ClamdScanner(settings)
            let clean = try await Self.scan(
                try Self.mail("Nothing to see."), by: scanner, of: process)
            #expect(clean.status == .pass, "\(clean.reason)")
            let attached = "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n"
            for mail in [
                try Self.mail(Self.eicar),
                try Self.mail(Data(Self.eicar.utf8).base64EncodedString(), header: attached),
            ] {
                let infected = await scanner.scan(mail)
                #expect(infected.status == .fail, "\(infected.reason)")
                #expect(infected.detail == .virus(signature: "Martlet.Eicar.UNOFFICIAL"))
            }
            // More than its StreamMaxLength: it says so and hangs up while the mail is on its way.
            let large = await scanner.scan(
                try Self.mail(String(repeating: "x", count: 30_000_000)))
            #expect(large.reason == "clamd: INSTREAM size limit exceeded.")
            #expect(large.status == .processingFailed && !large.isUnavailable)
        }
    }
}
