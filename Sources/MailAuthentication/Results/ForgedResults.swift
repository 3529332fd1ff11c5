import MailModel

/// Which Authentication-Results fields of a mail from outside must not stay: those that claim to be
/// ours. RFC 8601 §5
///
/// ARC's fields stay: each is signed by who added it, or means nothing.
package struct ForgedResults: Sendable {
    private let names: Set<String>

    /// `authenticators`: every name under which we write, or have written, results.
    package init(ofOurs authenticators: [String]) {
        names = Set(authenticators.map(Self.canonical))
    }

    /// Whether a field is to be removed: its name is ours, in any case and form, or cannot be told,
    /// since others may tell it otherwise.
    package func isForged(_ body: ArraySlice<UInt8>) -> Bool {
        do throws(AuthenticationResultsDefect) {
            return names.contains(
                Self.canonical(try AuthenticationResults.authenticator(in: body)))
        } catch {
            return true
        }
    }

    /// Where those are in the mail, from the top, each to the end of its last line.
    package func ranges(in mail: MailFields) -> [Range<Int>] {
        mail.all(AuthenticationResults.fieldName.lowercased()).map { mail.fields[$0] }
            .filter { isForged(mail.body(of: $0)) }.map(\.range)
    }

    /// In lower case; a domain in A-label form, without its final dot; without a version that is
    /// joined to it, which is met.
    private static func canonical(_ name: String) -> String {
        let text = String(name.trimmingWhiteSpace().prefix { $0 != "/" })
        return (try? Domain(parsing: text))?.ascii ?? text.lowercased()
    }
}

extension String {
    fileprivate func trimmingWhiteSpace() -> String {
        String(decoding: Array(utf8)[...].trimmingFoldingSpace(), as: UTF8.self)
    }
}
