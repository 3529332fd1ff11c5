extension Mailbox {
    /// `local@domain` as a command or header may carry it: the local part quoted where it has to
    /// be. RFC 5321 §4.1.2
    package var wireText: String { "\(quotedLocalPart)@\(domain.ascii)" }

    private var quotedLocalPart: String {
        let bytes = localPart.utf8
        let isDotString =
            !bytes.isEmpty && bytes.first != UInt8(ascii: ".") && bytes.last != UInt8(ascii: ".")
            && !localPart.contains("..")
            && bytes.allSatisfy {
                $0 == UInt8(ascii: ".") || $0 >= 0x80 || AddressParser.isAtomText($0)
            }
        if isDotString { return localPart }
        var quoted = "\""
        for character in localPart.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
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
