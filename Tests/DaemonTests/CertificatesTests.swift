import Foundation
import MailModel
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS
import TestSupport
import Testing

// `@testable`: certificates are made and read by the daemon alone.
@testable import Daemon

@Suite struct CertificatesTests {
    private struct Pair {
        let files: CertificateFiles
        var certificate: String { files.certificate }
        var key: String { files.key }

        init(folder: String) {
            files = CertificateFiles(
                certificate: "\(folder)/self-signed.pem", key: "\(folder)/self-signed.key")
        }

        func make(_ hostname: String = "mx.example.com") throws {
            try SelfSignedPair.make(hostname: hostname, at: files)
        }

        var texts: [String] {
            get throws { try [ProjectFiles.text(certificate), ProjectFiles.text(key)] }
        }
    }

    private func withPair(_ body: (Pair) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(Pair(folder: folder))
    }

    @Test func aPairIsMadeOnce() throws {
        try withPair { pair in
            try pair.make()
            let first = try pair.texts
            try pair.make()
            #expect(try pair.texts == first)
        }
    }

    @Test func halfAPairIsMadeAnew() throws {
        try withPair { pair in
            try pair.make()
            let first = try pair.texts
            try FileManager.default.removeItem(atPath: pair.key)
            try pair.make()
            #expect(try pair.texts != first)
            #expect(try greets(pair, as: "mx.example.com"))
        }
    }

    @Test func onlyWeReadTheKey() throws {
        try withPair { pair in
            try pair.make()
            let attributes = try FileManager.default.attributesOfItem(atPath: pair.key)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test(arguments: ["mx.example.com", "mx.xn--bcher-kva.example"])
    func aClientThatKnowsItShakesHands(_ hostname: String) throws {
        try withPair { pair in
            try pair.make(hostname)
            #expect(try greets(pair, as: hostname))
            #expect(throws: (any Error).self) { try greets(pair, as: "other.example.com") }
        }
    }

    @Test func olderThanTLS12IsRefused() throws {
        try withPair { pair in
            try pair.make()
            #expect(try greets(pair, as: "mx.example.com", versionMax: .tlsv12))
            #expect(throws: (any Error).self) {
                try greets(pair, as: "mx.example.com", versionMax: .tlsv11)
            }
        }
    }

    // MARK: Reading

    @Test func aPairHasItsNamesAndItsEnd() throws {
        try withPair { pair in
            try pair.make("MX.example.com")
            let read = try CertificatePair(pair.files)
            #expect(read.names == ["mx.example.com"])
            let day: Int64 = 86_400_000
            let end = read.notValidAfter.milliseconds
            for (before, isWarned) in [(14 * day, false), (14 * day - 1, true), (-1, true)] {
                let warning = Certificates.warning(
                    of: read, at: Timestamp(milliseconds: end - before))
                #expect((warning != nil) == isWarned)
                if let warning { #expect(warning.contains(before < 0 ? "was valid" : "is valid")) }
            }
        }
    }

    @Test func saysWhatIsWrongWithFiles() throws {
        try withPair { pair in
            try pair.make()
            for (path, isKey) in [(pair.key, true), (pair.certificate, false)] {
                try "no PEM".write(toFile: path, atomically: false, encoding: .utf8)
                do throws(CertificatePair.Problem) {
                    _ = try CertificatePair(pair.files)
                    Issue.record("\(path) was taken")
                } catch {
                    if case .key = error { #expect(isKey) } else { #expect(!isKey) }
                }
            }
        }
    }

    /// The key of another certificate is found at the start, not at the first handshake.
    @Test func aKeyOfAnotherCertificateIsRefused() throws {
        try withPair { pair in
            try pair.make()
            let certificate = try ProjectFiles.text(pair.certificate)
            try FileManager.default.removeItem(atPath: pair.certificate)
            try pair.make()
            try certificate.write(toFile: pair.certificate, atomically: false, encoding: .utf8)
            #expect(
                throws: CertificatePair.Problem.key("this key does not belong to the certificate")
            ) {
                try CertificatePair(pair.files)
            }
        }
    }

    // MARK: In force

    @Test func changedFilesAreRead() throws {
        try withPair { pair in
            try pair.make()
            let log = CollectedLog()
            let certificates = try Certificates(
                [pair.files], listeners: 2, log: log.logger, time: ManualTime())
            let first = certificates.context(ofListener: 0)
            #expect(first !== certificates.context(ofListener: 1))
            certificates.reload(all: false)
            #expect(certificates.context(ofListener: 0) === first)
            try FileManager.default.removeItem(atPath: pair.key)
            certificates.reload(all: false)
            #expect(certificates.context(ofListener: 0) === first)
            try pair.make()
            certificates.reload(all: false)
            #expect(certificates.context(ofListener: 0) !== first)
        }
    }

    /// Whether a handshake with the pair succeeds for a client that trusts it alone and expects
    /// `hostname`: two channels without sockets, their bytes carried over.
    private func greets(
        _ pair: Pair, as hostname: String, versionMax: TLSVersion? = nil
    ) throws -> Bool {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(pair.certificate)
        if let versionMax {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = versionMax
        }
        let done = Handshakes()
        let server = EmbeddedChannel()
        let client = EmbeddedChannel()
        try server.pipeline.syncOperations.addHandlers([
            NIOSSLServerHandler(
                context: try CertificatePair.context([try CertificatePair(pair.files)])),
            done,
        ])
        try client.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(
                context: try NIOSSLContext(configuration: configuration),
                serverHostname: hostname))
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 25)
        server.connect(to: address, promise: nil)
        client.connect(to: address, promise: nil)
        for _ in 0..<20 {
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                try server.writeInbound(bytes)
            }
            while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                try client.writeInbound(bytes)
            }
        }
        return done.count == 1
    }

    private final class Handshakes: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var count = 0

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted = event as? TLSUserEvent { count += 1 }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
