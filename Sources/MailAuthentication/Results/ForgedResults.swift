import MailModel

/// Which fields of a mail from outside must not stay: those that claim to be ours. RFC 8601 §5
///
/// They are results under our name, the fields of SES that whoever reads a mail of ours goes by
/// (`X-SES-…`), and a first line that would continue the last field of ours.
///
/// ARC's fields stay: each is signed by who added it, or means nothing.
package struct ForgedResults: Sendable {
    private let names: Set<String>
    /// In lower case: what we write, and nobody else does for us.
    private static let fieldsOfOurs = [
        "x-ses-spam-verdict", "x-ses-virus-verdict", "x-ses-receipt",
    ]

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
        let results = mail.all(AuthenticationResults.fieldName.lowercased())
            .filter { isForged(mail.body(of: mail.fields[$0])) }
        let others = Self.fieldsOfOurs.flatMap { mail.all($0) }
        let fields = (results + others).sorted().map { mail.fields[$0].range }
        return (Self.continuation(at: mail).map { [$0] } ?? []) + fields
    }

    /// The lines at the beginning that continue nothing.
    private static func continuation(at mail: MailFields) -> Range<Int>? {
        var end = 0
        while end < mail.length, mail.bytes[end] == 32 || mail.bytes[end] == 9 {
            let rest = mail.bytes[end..<mail.length]
            end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? mail.length
        }
        return end > 0 ? 0..<end : nil
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
