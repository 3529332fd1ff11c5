/// A person's name before an address, as a header may carry it. RFC 5322 §3.2.5
enum DisplayName {
    /// As it is where it is a phrase of atoms, in quotes where it is ASCII, else in encoded words.
    static func text(_ name: String) -> String {
        if name.utf8.allSatisfy({ $0 == 32 || AddressParser.isAtomText($0) }), !name.contains("=?")
        {
            return name
        }
        let encoded = EncodedWords.encode(name)
        guard encoded == name else { return encoded }
        return name.quotedString
    }
}

extension String {
    /// In quotes, with what ends or escapes there escaped. RFC 5322 §3.2.4
    var quotedString: String {
        "\"\(replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
