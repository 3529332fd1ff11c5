import Crypto
import CryptoExtras
import Foundation
import MailModel
import ObjectStorage
import SwiftASN1
import Synchronization
import Topics
import X509

/// The key that messages to topics are signed with, in the data folder, and its certificates:
/// besides the newest, those that are good still, since messages name the one of their day.
final class NotificationKey: MessageSigner {
    private static let validDays: Int64 = 365
    /// So long before its end a certificate gets its successor.
    private static let renewalDays: Int64 = 60
    private static let daySeconds: Int64 = 86_400
    private static let prefix = "SimpleNotificationService-"

    private struct Made: Sendable {
        let file: String
        let pem: String
        let start: Timestamp
        let end: Timestamp
    }

    private let folder: String
    private let name: String
    private let key: _RSA.Signing.PrivateKey
    private struct Certificates {
        /// The one that ends last, last; never empty.
        var all: [Made] = []
        /// What messages are signed with now.
        var current: Made?
    }

    private let certificates = Mutex(Certificates())

    /// Makes the key and a certificate for `name` where they are missing. Throws
    /// `Server.Failure` or what the disk says.
    init(folder: String, name: String, now: Timestamp) throws {
        try Directories.create(folder)
        self.folder = folder
        self.name = name
        key = try Self.readKey("\(folder)/signing.key")
        try readCertificates()
        try renew(at: now, trusted: nil)
    }

    func signature(of bytes: [UInt8], _ version: SignatureVersion) throws -> [UInt8] {
        let signature =
            switch version {
            case .sha1:
                try key.signature(
                    for: Insecure.SHA1.hash(data: bytes), padding: .insecurePKCS1v1_5)
            case .sha256:
                try key.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5)
            }
        return Array(signature.rawRepresentation)
    }

    var certificatePath: String { certificates.withLock { "/\($0.current?.file ?? "")" } }

    /// The certificate at `path`; nil where none of ours stands.
    func pem(at path: String) -> String? {
        certificates.withLock { $0.all.first { "/\($0.file)" == path }?.pem }
    }

    /// Makes a new certificate before the time of the one in use is over, and forgets those whose
    /// time is, where the clock can be trusted with that: `trusted` is nil where it cannot.
    func renew(at now: Timestamp, trusted: Timestamp?) throws {
        var known = certificates.withLock { $0.all }
        if let trusted {
            for old in known where old.end <= trusted {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(old.file)")
            }
            known.removeAll { $0.end <= trusted }
        }
        // One of a clock that was ahead is not valid yet.
        var current = known.last { $0.start <= now && now < $0.end }
        let soon = now.advanced(bySeconds: Self.renewalDays * Self.daySeconds)
        if (current?.end).map({ $0 <= soon }) ?? true {
            let made = try make(at: now)
            known.append(made)
            current = made
        }
        let renewed = Certificates(all: known.sorted { $0.end < $1.end }, current: current)
        certificates.withLock { $0 = renewed }
    }

    private func make(at now: Timestamp) throws -> Made {
        let end = now.advanced(bySeconds: Self.validDays * Self.daySeconds)
        let start = now.advanced(bySeconds: -3_600)
        let subject = try DistinguishedName { CommonName(name) }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: Self.date(start),
            notValidAfter: Self.date(end), issuer: subject, subject: subject,
            signatureAlgorithm: .sha256WithRSAEncryption,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
            }, issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        let fingerprint = Hexadecimal.text(
            SHA256.hash(data: serializer.serializedBytes).prefix(16))
        let pem =
            PEMDocument(type: "CERTIFICATE", derBytes: serializer.serializedBytes).pemString + "\n"
        let file = "\(Self.prefix)\(fingerprint).pem"
        try PrivateFile.write(Data(pem.utf8), to: "\(folder)/\(file)")
        return Made(file: file, pem: pem, start: start, end: end)
    }

    private func readCertificates() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(".pem") }
        let ours = Certificate.PublicKey(key.publicKey)
        let found = files.compactMap { file -> Made? in
            guard let pem = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8),
                let certificate = try? Certificate(pemEncoded: pem), certificate.publicKey == ours
            else { return nil }
            return Made(
                file: file, pem: pem, start: Self.time(certificate.notValidBefore),
                end: Self.time(certificate.notValidAfter))
        }
        certificates.withLock { $0.all = found.sorted { $0.end < $1.end } }
    }

    private static func readKey(_ path: String) throws -> _RSA.Signing.PrivateKey {
        guard FileManager.default.fileExists(atPath: path) else {
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            try PrivateFile.write(Data((key.pemRepresentation + "\n").utf8), to: path)
            return key
        }
        do {
            return try _RSA.Signing.PrivateKey(
                pemRepresentation: String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw Server.Failure(
                description: "\(path) is no RSA key: \(error). Without it a new one is made, and "
                    + "messages that wait are signed with that.")
        }
    }

    private static func time(_ date: Date) -> Timestamp {
        Timestamp(milliseconds: Int64(date.timeIntervalSince1970) * 1_000)
    }

    private static func date(_ time: Timestamp) -> Date {
        Date(timeIntervalSince1970: Double(time.milliseconds / 1_000))
    }
}
