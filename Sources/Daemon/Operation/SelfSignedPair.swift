import Crypto
import Foundation
import ObjectStorage
import SwiftASN1
import X509

/// A certificate of our own making, for a server that was given none.
///
/// Senders that use opportunistic TLS take a self-signed one; it keeps listeners out, not forgers.
enum SelfSignedPair {
    private static let validDays = 3650.0

    /// Makes the pair where it is missing.
    static func make(hostname: String, at pair: CertificateFiles) throws {
        let files = FileManager.default
        guard !files.fileExists(atPath: pair.certificate) || !files.fileExists(atPath: pair.key)
        else { return }
        let privateKey = P256.Signing.PrivateKey()
        let certificate = try certificate(for: hostname, key: privateKey)
        for (path, text) in [
            (pair.key, privateKey.pemRepresentation), (pair.certificate, certificate),
        ] {
            try PrivateFile.write(Data((text + "\n").utf8), to: path)
        }
    }

    private static func certificate(
        for hostname: String, key: P256.Signing.PrivateKey
    ) throws -> String {
        let name = try DistinguishedName { CommonName(hostname) }
        let now = Date()
        let made = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(validDays * 86_400), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                SubjectAlternativeNames([.dnsName(hostname)])
            }, issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(made)
        return PEMDocument(type: "CERTIFICATE", derBytes: serializer.serializedBytes).pemString
    }
}
