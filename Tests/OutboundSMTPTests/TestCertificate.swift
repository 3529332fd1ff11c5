import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A certificate for one name, its own or vouched for by another.
struct TestCertificate {
    let certificate: Certificate
    private let key: Certificate.PrivateKey
    private let pem: String

    /// `isAuthority`: it may vouch for others. `days` is when it ends, counted from now.
    init(
        name: String, issuer: TestCertificate? = nil, isAuthority: Bool = true, days: Double = 1
    ) throws {
        let privateKey = P256.Signing.PrivateKey()
        pem = privateKey.pemRepresentation
        key = Certificate.PrivateKey(privateKey)
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSinceNow: -10 * 86_400),
            notValidAfter: Date(timeIntervalSinceNow: days * 86_400),
            issuer: issuer?.certificate.subject ?? subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(
                    isAuthority
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: nil)
                        : BasicConstraints.notCertificateAuthority)
                SubjectAlternativeNames([.dnsName(name)])
            }, issuerPrivateKey: issuer?.key ?? key)
    }

    var bytes: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        }
    }

    var nio: NIOSSLCertificate {
        get throws { try NIOSSLCertificate(bytes: bytes, format: .der) }
    }

    var publicKeyBytes: [UInt8] {
        get throws { try nio.extractPublicKey().toSPKIBytes() }
    }

    /// What a server with this certificate, and `others` behind it, shakes hands with.
    func serverContext(_ others: [TestCertificate] = []) throws -> NIOSSLContext {
        let key = try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: ([self] + others).map { .certificate(try $0.nio) },
                privateKey: .privateKey(key)))
    }
}
