import Crypto
import DNS
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// What a host's zone says of its certificate, and who has it. RFC 7672
struct DANEPolicy: Hashable, Sendable {
    /// RFC 7672 §3.1: DANE-TA and DANE-EE; the others mean nothing to SMTP.
    private enum Usage: UInt8 {
        case trustAnchor = 2
        case endEntity = 3
    }

    private let records: [TLSARecord]
    /// Of those that have to stand in a certificate that a trust anchor vouches for, one is enough:
    /// the host's, and the mail domain's. RFC 7672 §3.2.2
    private let names: [String]

    /// Nil where none of `records` can be used: then any certificate will do. RFC 7672 §2.2
    init?(_ records: [TLSARecord], names: [String]) {
        let usable = records.filter { Usage(rawValue: $0.usage) != nil && $0.isMatchable }
        guard !usable.isEmpty else { return nil }
        self.records = usable
        self.names = names
    }

    /// What is wrong with the certificates that a server has shown, its own first; nil where they
    /// are what the zone says.
    func failure(of chain: [NIOSSLCertificate]) async -> TLSFailure? {
        guard let leaf = chain.first else {
            return TLSFailure(.validationFailure, "the server shows no certificate")
        }
        // The binding is the record: neither names nor dates count. RFC 7672 §3.1.1
        if records.contains(where: { $0.usage == Usage.endEntity.rawValue && $0.matches(leaf) }) {
            return nil
        }
        let anchors = records.filter { $0.usage == Usage.trustAnchor.rawValue }
        if !anchors.isEmpty, await isIssued(leaf, chain, by: anchors) { return nil }
        return TLSFailure(
            .validationFailure, "its certificate is none of those that its TLSA records name")
    }

    private func isIssued(
        _ leaf: NIOSSLCertificate, _ chain: [NIOSSLCertificate], by anchors: [TLSARecord]
    ) async -> Bool {
        // RFC 7672 §3.1.2: a record may hold the anchor itself, which the server need not show.
        let shown = chain.filter { certificate in anchors.contains { $0.matches(certificate) } }
        let roots = shown.compactMap(Self.parsed) + anchors.compactMap(\.wholeCertificate)
        guard !roots.isEmpty, let parsedLeaf = Self.parsed(leaf) else { return false }
        let others = chain.dropFirst().compactMap(Self.parsed)
        for name in names {
            var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
                RFC5280Policy()
                ServerIdentityPolicy(serverHostname: name, serverIP: nil)
            }
            let result = await verifier.validate(
                leaf: parsedLeaf, intermediates: CertificateStore(others))
            if case .validCertificate = result { return true }
        }
        return false
    }

    private static func parsed(_ certificate: NIOSSLCertificate) -> Certificate? {
        guard let bytes = try? certificate.toDERBytes() else { return nil }
        return try? Certificate(derEncoded: bytes)
    }
}

extension TLSARecord {
    /// RFC 6698 §2.1.2, RFC 6698 §2.1.3
    private enum Selector: UInt8 {
        case certificate = 0
        case publicKey = 1
    }

    private enum MatchingType: UInt8 {
        case exact = 0
        case sha256 = 1
        case sha512 = 2
    }

    fileprivate var isMatchable: Bool {
        guard Selector(rawValue: selector) != nil else { return false }
        return switch MatchingType(rawValue: matchingType) {
        case .exact: true
        case .sha256: data.count == SHA256.byteCount
        case .sha512: data.count == SHA512.byteCount
        case nil: false
        }
    }

    fileprivate func matches(_ certificate: NIOSSLCertificate) -> Bool {
        let selected: [UInt8]?
        switch Selector(rawValue: selector) {
        case .certificate: selected = try? certificate.toDERBytes()
        case .publicKey: selected = try? certificate.extractPublicKey().toSPKIBytes()
        case nil: selected = nil
        }
        guard let selected else { return false }
        return switch MatchingType(rawValue: matchingType) {
        case .exact: selected == data
        case .sha256: Array(SHA256.hash(data: selected)) == data
        case .sha512: Array(SHA512.hash(data: selected)) == data
        case nil: false
        }
    }

    fileprivate var wholeCertificate: Certificate? {
        guard selector == Selector.certificate.rawValue,
            matchingType == MatchingType.exact.rawValue
        else { return nil }
        return try? Certificate(derEncoded: data)
    }
}
