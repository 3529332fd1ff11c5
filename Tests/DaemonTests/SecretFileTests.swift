import DeliveryQueue
import Foundation
import TestSupport
import Testing

// `@testable`: which files were read as secrets is the reader's own.
@testable import Daemon

@Suite struct SecretFileTests: ConfigurationReading {
    private func write(_ text: String, mode: Int, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func itsLinesAreThoseThatAreNotEmpty() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/secret"
        try write("\n one two \r\n\t\nthree", mode: 0o600, to: path)
        #expect(try SecretFile.lines(path) == ["one two", "three"])
        let failure = #expect(throws: SecretFile.Failure.self) {
            _ = try SecretFile.lines("\(folder)/none")
        }
        #expect(failure?.description == "\(folder)/none: No such file or directory")
    }

    static let modes: [(mode: Int, isOpen: Bool)] = [
        (0o600, false), (0o400, false), (0o640, false), (0o660, false), (0o601, false),
        (0o604, true), (0o644, true), (0o602, true),
    ]

    @Test(arguments: modes)
    func aGroupMayReadItAndNobodyElse(mode: Int, isOpen: Bool) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("s", mode: mode, to: "\(folder)/secret")
        let file = SecretFile(setting: "a.b", path: "\(folder)/secret")
        let warning =
            "a.b: \(file.path) is open to everybody on this machine "
            + "(mode 0\(String(mode, radix: 8))): chmod o= \(file.path)"
        #expect(file.warning == (isOpen ? warning : nil))
        // A link's own mode is everybody's.
        let link = SecretFile(setting: "a.b", path: "\(folder)/link")
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: file.path)
        #expect((link.warning != nil) == isOpen)
    }

    /// Whatever names one.
    @Test func eachSecretOfAConfigurationIsOne() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        for (name, text) in [
            ("whsec", "whsec_\(key)"), ("basic", "ada:x"), ("mailgun", "key-0123456789abcdef"),
            ("token", "abc"), ("s3", "abc"), ("keys", key), ("password", "pass word"),
            ("tsig", key),
        ] {
            try write(text + "\n", mode: 0o644, to: "\(folder)/\(name)")
        }
        let pair = CertificateFiles(certificate: "\(folder)/a.pem", key: "\(folder)/a.key")
        try SelfSignedPair.make(hostname: "a.example", at: pair)
        let configuration = try read(
            """
            tls:
              certificates:
                - {certificate: \(pair.certificate), key: \(pair.key)}
            buckets:
              away: {endpoint: "https://s3.example", bucket: mail, region: r, accessKeyId: A, secretFile: \(folder)/s3}
              sealed: {directory: sealed, encryption: {keyFile: \(folder)/keys}}
            webhooks:
              w: {url: "https://a.example", secretFile: \(folder)/whsec, basicAuthFile: \(folder)/basic, format: mailgun, mailgunKeyFile: \(folder)/mailgun}
            handlers:
              h: {endpoint: "https://a.example", secretFile: \(folder)/whsec, tokenFile: \(folder)/token}
            sending:
              enabled: true
              serviceDomain: mail.example.com
              nameServer: {address: 192.0.2.1, key: {name: k, secretFile: \(folder)/tsig}}
            delivery:
              smartHost: {host: relay.example, port: 587, user: ada, passwordFile: \(folder)/password}
            """)
        #expect(
            Set(configuration.secretFiles.map(\.setting)) == [
                "tls.certificates[0].key", "buckets.away.secretFile",
                "buckets.sealed.encryption.keyFile", "webhooks.w.secretFile",
                "webhooks.w.basicAuthFile", "webhooks.w.mailgunKeyFile", "handlers.h.secretFile",
                "handlers.h.tokenFile", "sending.nameServer.key.secretFile",
                "delivery.smartHost.passwordFile",
            ])
        #expect(configuration.sending.smartHost?.login?.password == "pass word")
        // The pair was made by us, for us alone.
        #expect(configuration.openSecrets.count == 9)
    }
}
