import Documents
import MailModel

extension DocumentValue {
    /// A domain; what is none is noted.
    func domain() -> Domain? {
        guard let text = string() else { return nil }
        do throws(DomainError) {
            return try Domain(parsing: text)
        } catch {
            note("“\(text)” is no domain: \(error)")
            return nil
        }
    }
}
