import Glibc
import MailModel
import NIOCore
import NIOSSL
import Synchronization

/// Makes the handshakes that policies ask for. Its contexts are made once: roots are many.
struct TLSHandshakes: Sendable {
    /// What one handshake failed by, where the library has no word for it.
    final class Finding: Sendable {
        private let failure = Mutex<TLSFailure?>(nil)

        var value: TLSFailure? {
            get { failure.withLock { $0 } }
            set { failure.withLock { $0 = newValue } }
        }
    }

    /// Takes any certificate.
    private let unverified: NIOSSLContext
    private let verified: NIOSSLContext
    /// Takes what our own check does.
    private let checked: NIOSSLContext

    /// Throws what is wrong with `trustRoots`.
    init(trustRoots: NIOSSLTrustRoots) throws {
        unverified = try Self.context(.none, trustRoots, versionMin: .tlsv1)
        verified = try Self.context(.fullVerification, trustRoots, versionMin: .tlsv12)
        checked = try Self.context(.noHostnameVerification, trustRoots, versionMin: .tlsv12)
    }

    private static func context(
        _ verification: CertificateVerification, _ trustRoots: NIOSSLTrustRoots,
        versionMin: TLSVersion
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = verification
        configuration.trustRoots = trustRoots
        configuration.minimumTLSVersion = versionMin
        return try NIOSSLContext(configuration: configuration)
    }

    /// What shakes hands with `host`, a name or an address; nil where the policy has no TLS.
    func handler(
        _ policy: TLSPolicy, host: String, _ finding: Finding
    ) throws -> NIOSSLClientHandler? {
        let name = IPAddress(host) == nil && !host.hasPrefix("[") ? host : nil
        switch policy {
        case .none, .fallback: return nil
        case .opportunistic, .required:
            return try NIOSSLClientHandler(context: unverified, serverHostname: name)
        case .verified(let name), .implicit(let name):
            return try NIOSSLClientHandler(
                context: verified, serverHostname: IPAddress(name) == nil ? name : nil)
        case .dane(let dane):
            return try NIOSSLClientHandler(context: checked, serverHostname: name) {
                chain, promise in
                promise.completeWithTask {
                    finding.value = await dane.failure(of: chain)
                    return finding.value == nil ? .certificateVerified : .failed
                }
            }
        }
    }
}

extension TLSFailure {
    /// What the library says. It has one word for all that is wrong with a `certificate`: whether its
    /// time is over is asked here, by the system's clock, as the library goes by.
    init(_ error: any Error, _ certificate: NIOSSLCertificate? = nil) {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self.init(.certificateHostMismatch, "its certificate is for another name")
        case NIOSSLError.handshakeFailed(let reason)
        where "\(reason)".contains("CERTIFICATE_VERIFY_FAILED"):
            if let certificate, certificate.notValidAfter < time(nil) {
                self.init(.certificateExpired, "its certificate has expired")
            } else {
                self.init(
                    .certificateNotTrusted, "nobody whom we trust vouches for its certificate")
            }
        default: self.init(.validationFailure, "\(error)")
        }
    }
}
