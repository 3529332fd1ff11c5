import Foundation
import Glibc
import MailModel
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// Where a certificate and its key stand: two PEM files, the server's certificate first.
package struct CertificateFiles: Sendable, Equatable {
    package var certificate: String
    package var key: String
}

/// A certificate with its chain and key, as they were read.
struct CertificatePair: Sendable {
    /// Which file is wrong, and how; it says so without the file's name.
    enum Problem: Error, Equatable {
        case certificate(String)
        case key(String)
    }

    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    /// DNS names, in lower case; the first label of one may be `*`.
    let names: [String]
    let notValidAfter: Timestamp

    /// Reads both and holds the one against the other.
    init(_ files: CertificateFiles) throws(Problem) {
        if let reason = SettingReader.reasonAgainst(files.certificate, R_OK) {
            throw .certificate(reason)
        }
        if let reason = SettingReader.reasonAgainst(files.key, R_OK) { throw .key(reason) }
        guard let chain = try? NIOSSLCertificate.fromPEMFile(files.certificate),
            let first = chain.first, let bytes = try? first.toDERBytes(),
            let certificate = try? Certificate(derEncoded: bytes)
        else { throw .certificate("no certificate in PEM form can be read from it") }
        guard let key = try? NIOSSLPrivateKey(file: files.key, format: .pem) else {
            throw .key("no private key in PEM form can be read from it (none with a passphrase)")
        }
        self.chain = chain
        self.key = key
        names = Self.names(of: certificate)
        notValidAfter = Timestamp(
            milliseconds: Int64(certificate.notValidAfter.timeIntervalSince1970 * 1000))
        if (try? Self.context([self])) == nil {
            throw .key("this key does not belong to the certificate")
        }
    }

    private static func names(of certificate: Certificate) -> [String] {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return [] }
        return names.compactMap { name in
            if case .dnsName(let name) = name { name.lowercased() } else { nil }
        }
    }

    /// Whether it is a certificate of `name`, which is in lower case. RFC 6125 §6.4.3: a `*`
    /// stands for one whole label, the first.
    func covers(_ name: String, byWildcard: Bool) -> Bool {
        guard byWildcard else { return names.contains(name) }
        guard let dot = name.firstIndex(of: ".") else { return false }
        return names.contains("*" + name[dot...])
    }

    // MARK: Contexts

    /// Of TLS 1.2: AEAD with ephemeral keys. The peer's order decides, so there is none among them
    /// that would be a bad choice.
    private static let ciphers = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")

    /// TLS 1.2 and later, without ALPN; the first of `pairs` for peers that name no server, or
    /// another one. Each context has session tickets of its own, which no other takes.
    static func context(_ pairs: [CertificatePair]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pairs[0].chain.map { .certificate($0) },
            privateKey: .privateKey(pairs[0].key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuites = ciphers
        // A peer that does not say goodbye must not hold up the end of the process.
        configuration.shutdownTimeout = .seconds(1)
        if pairs.count > 1 {
            configuration.sslContextCallback = { values, promise in
                var change = NIOSSLContextConfigurationOverride()
                if let pair = pair(for: values.serverHostname, among: pairs) {
                    change.certificateChain = pair.chain.map { .certificate($0) }
                    change.privateKey = .privateKey(pair.key)
                }
                promise.succeed(change)
            }
        }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Nil: the first. A name that stands in a certificate goes before a wildcard.
    static func pair(for name: String?, among pairs: [CertificatePair]) -> CertificatePair? {
        guard let name = name?.lowercased() else { return nil }
        return pairs.first { $0.covers(name, byWildcard: false) }
            ?? pairs.first { $0.covers(name, byWildcard: true) }
    }
}
