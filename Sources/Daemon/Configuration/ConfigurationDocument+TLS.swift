import Documents
import Glibc

/// The certificates.
extension ConfigurationDocument {
    func tls(_ mapping: DocumentMapping?) -> Configuration.TLS {
        let entries = mapping?.list("certificates") ?? []
        return Configuration.TLS(
            certificates: entries.compactMap(certificate),
            isOffered: settings.bool(mapping, "tls.offer"))
    }

    /// The files are read as the server will read them.
    private func certificate(_ value: DocumentValue) -> CertificateFiles? {
        guard let mapping = value.mapping(keys: ["certificate", "key"]) else { return nil }
        let (certificate, key) = (mapping.required("certificate"), mapping.required("key"))
        let paths = (tlsFile(certificate), tlsFile(key))
        guard let certificatePath = paths.0, let keyPath = paths.1 else { return nil }
        let files = CertificateFiles(certificate: certificatePath, key: keyPath)
        do throws(CertificatePair.Problem) {
            _ = try CertificatePair(files)
        } catch {
            switch error {
            case .certificate(let text): certificate?.note("\(certificatePath): \(text)")
            case .key(let text): key?.note("\(keyPath): \(text)")
            }
        }
        settings.secretFiles.add(keyPath, at: key?.path ?? "")
        return files
    }

    private func tlsFile(_ value: DocumentValue?) -> String? {
        guard let value, let path = settings.path(value, to: .file) else { return nil }
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            value.note("\(path): \(reason)")
            return nil
        }
        return path
    }
}
