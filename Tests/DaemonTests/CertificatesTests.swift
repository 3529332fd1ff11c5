import Foundation
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
        let folder: String
        var certificate: String { "\(folder)/self-signed.pem" }
        var key: String { "\(folder)/self-signed.key" }

        func make(_ hostname: String = "mx.example.com") throws {
            try Certificates.makeSelfSigned(
                hostname: hostname, certificate: certificate, key: key)
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

    @Test func saysWhatIsWrongWithFiles() throws {
        try withPair { pair in
            try pair.make()
            try "no PEM".write(toFile: pair.key, atomically: false, encoding: .utf8)
            #expect(throws: (any Error).self) {
                try Certificates.context(certificate: pair.certificate, key: pair.key)
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
            #expect(throws: (any Error).self) {
                try Certificates.context(certificate: pair.certificate, key: pair.key)
            }
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
                context: try Certificates.context(certificate: pair.certificate, key: pair.key)),
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
