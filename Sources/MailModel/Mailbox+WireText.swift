extension Mailbox {
    /// `local@domain` as a command or header may carry it: the local part quoted where it has to
    /// be. RFC 5321 §4.1.2
    package var wireText: String { "\(quotedLocalPart)@\(domain.ascii)" }

    private var quotedLocalPart: String {
        if isDotString { return localPart }
        var quoted = "\""
        for character in localPart.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    /// `Dot-string = Atom *("." Atom)`
    private var isDotString: Bool {
        var isAfterDot = true
        for byte in localPart.utf8 {
            if byte == UInt8(ascii: ".") {
                if isAfterDot { return false }
                isAfterDot = true
            } else {
                guard byte >= 0x80 || AddressParser.isAtomText(byte) else { return false }
                isAfterDot = false
            }
        }
        return !isAfterDot
    }

    /// The mailbox that `text` spells, or nil: for configuration, rules and stored rows.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let mailbox = try? AddressParser.mailbox(bytes[...], isUTF8Allowed: true) else {
            return nil
        }
        self = mailbox
    }
}

extension ReversePath {
    /// What stands between `<` and `>`: empty for the null path.
    package var wireText: String {
        switch self {
        case .null: ""
        case .mailbox(let mailbox): mailbox.wireText
        }
    }
}
