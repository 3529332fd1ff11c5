import Documents
import MailModel

/// Reads how it is checked who sent a mail.
struct AuthenticationDocument {
    let settings: SettingReader

    func authentication(
        _ mapping: DocumentMapping?, hostname: String
    ) -> Configuration.Authentication {
        Configuration.Authentication(
            isEnabled: settings.bool(mapping, "authentication.enabled"),
            name: name(mapping?["name"]) ?? hostname,
            refusesFailedDMARC: mapping?["dmarcReject"]?.choice([
                ("mark", false), ("refuse", true),
            ]) ?? false)
    }

    /// RFC 8601 §2.5 has any token; a domain is what others know how to compare.
    private func name(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        do throws(DomainError) {
            return try Domain(parsing: text).ascii
        } catch {
            value.note("“\(text)” is no domain: \(error)")
            return nil
        }
    }
}
