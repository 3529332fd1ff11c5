import MailModel

/// Which fields of a mail from outside must not stay: those that claim to be ours. RFC 8601 §5
///
/// They are results under our name, those that have no name in them and may be taken for ours
/// (`ResultFields`), and a first line that would continue the last field of ours.
///
/// ARC's fields stay: each is signed by who added it, or means nothing.
package struct ForgedResults: Sendable {
    private let names: Set<String>

    /// `authenticators`: every name under which we write, or have written, results.
    package init(ofOurs authenticators: [String]) {
        names = Set(authenticators.compactMap(Self.canonical))
    }

    /// Whether a field is to be removed: its name is ours, in any case and form, or cannot be told,
    /// since others may tell it otherwise.
    package func isForged(_ body: ArraySlice<UInt8>) -> Bool {
        guard let name = try? AuthenticationResults.authenticator(in: body),
            let canonical = Self.canonical(name)
        else { return true }
        return names.contains(canonical)
    }

    /// Where those are in the mail, from the top, each to the end of its last line.
    package func ranges(in mail: MailFields) -> [Range<Int>] {
        let fields = mail.fields.filter { field in
            switch ResultFields.claim(field.name) {
            case .ours: true
            case .named: isForged(mail.body(of: field))
            case nil: false
            }
        }
        return (Self.continuation(at: mail).map { [$0] } ?? []) + fields.map(\.range)
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

    /// In lower case; a domain in A-label form, without final dots. Nil for what is no name: others
    /// may see ours in it (`mx.example!`, `mx.example` with a no-break space).
    private static func canonical(_ name: String) -> String? {
        let text = Array(name.utf8)[...].trimmingFoldingSpace()
        let domain = try? Domain(parsing: String(decoding: text, as: UTF8.self))
        let bare = (domain.map { Array($0.ascii.utf8)[...] } ?? text).trimmingFinalDots()
        guard !bare.isEmpty, bare.allSatisfy({ FieldValue.isKeyword($0) || $0 == 0x2E })
        else { return nil }
        return bare.lowercasedText
    }
}

extension ArraySlice<UInt8> {
    fileprivate func trimmingFinalDots() -> ArraySlice<UInt8> {
        self[..<((lastIndex { $0 != UInt8(ascii: ".") }).map { $0 + 1 } ?? startIndex)]
    }
}
