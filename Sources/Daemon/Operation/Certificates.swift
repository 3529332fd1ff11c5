import Crypto
import Foundation
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// The certificate of the listeners: the operator's files, or a self-signed pair of our own.
///
/// Senders that use opportunistic TLS take a self-signed one; it keeps listeners out, not forgers.
enum Certificates {
    private static let validDays = 3650.0

    /// TLS 1.2 and later. Throws what is wrong with the files.
    static func context(certificate: String, key: String) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate)
                .map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        // A peer that does not say goodbye must not hold up the end of the process.
        configuration.shutdownTimeout = .seconds(1)
        return try NIOSSLContext(configuration: configuration)
    }

    /// Makes the pair where it is missing.
    static func makeSelfSigned(hostname: String, certificate: String, key: String) throws {
        let files = FileManager.default
        guard !files.fileExists(atPath: certificate) || !files.fileExists(atPath: key) else {
            return
        }
        let privateKey = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName(hostname) }
        let now = Date()
        let made = try Certificate(
            version: .v3, serialNumber: .init(),
            publicKey: .init(privateKey.publicKey), notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(validDays * 86_400), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                SubjectAlternativeNames([.dnsName(hostname)])
            }, issuerPrivateKey: .init(privateKey))
        var serializer = DER.Serializer()
        try serializer.serialize(made)
        let pem = PEMDocument(type: "CERTIFICATE", derBytes: serializer.serializedBytes)
        for (path, text) in [(key, privateKey.pemRepresentation), (certificate, pem.pemString)] {
            guard
                files.createFile(
                    atPath: path, contents: Data((text + "\n").utf8),
                    attributes: [.posixPermissions: 0o600])
            else { throw Server.Failure(description: "\(path) cannot be written") }
        }
    }
}
