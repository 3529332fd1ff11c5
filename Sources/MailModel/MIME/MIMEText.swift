/// Bytes as text, by the charset that a mail declares or the one that they are most likely in.
enum MIMEText {
    /// Never fails: a label that is unknown, or wrong, is as if it were not there, and what is
    /// invalid becomes U+FFFD.
    static func decode(_ bytes: [UInt8], charset label: String?) -> String {
        if let label, let charset = Charset(label) { return charset.repairedText(bytes) }
        return guess(bytes)
    }

    /// UTF-8 where it is valid, else `charset`, or without one what mails without a label were mostly
    /// written in.
    static func guess(_ bytes: [UInt8], else charset: Charset? = nil) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? (charset ?? .windows1252).repairedText(bytes)
    }

    /// Whether nothing in it is unreadable, or a control that no text has.
    static func isLegible(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 32 ? scalar != "\u{FFFD}" : (9...13).contains(scalar.value)
        }
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1.
    var isControl: Bool { value < 32 || (127...159).contains(value) }
}

extension String {
    /// With U+FFFD for every control character but tabs: one that went would join what it parted.
    var withControlsMarked: String {
        guard unicodeScalars.contains(where: { $0.isControl && $0 != "\t" }) else { return self }
        var text = ""
        text.unicodeScalars.append(
            contentsOf: unicodeScalars.map { $0.isControl && $0 != "\t" ? "\u{FFFD}" : $0 })
        return text
    }
}
