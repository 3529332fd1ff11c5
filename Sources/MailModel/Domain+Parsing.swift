import CIDN2

/// Why a text is no domain name.
package enum DomainError: Error, Sendable, CustomStringConvertible {
    case empty
    case invalid
    case tooLong

    package var description: String {
        switch self {
        case .empty: "nothing where a domain name was expected"
        case .invalid: "not a domain name"
        case .tooLong: "a domain name over 255 bytes, or a label over 63"
        }
    }
}

extension Domain {
    /// The domain that `text` names: letters, digits, hyphens (and underscores, which real hosts
    /// have) in labels of 1 to 63 bytes, 255 in all; U-labels become A-labels by UTS 46 without
    /// transition. A final dot is dropped. RFC 1035 §2.3.1, RFC 5891.
    package init(parsing text: String) throws(DomainError) {
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        guard !name.isEmpty else { throw .empty }
        let isASCII = name.utf8.allSatisfy { $0 < 0x80 }
        let ascii = isASCII ? name.lowercased() : try Self.aLabels(name)
        try Self.check(ascii)
        self.init(validatedASCII: ascii)
    }

    private static func check(_ ascii: String) throws(DomainError) {
        guard ascii.utf8.count <= AddressParser.domainBytesMax else { throw .tooLong }
        for label in ascii.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard !label.isEmpty, label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
            else { throw .invalid }
            guard label.count <= 63 else { throw .tooLong }
            guard label.allSatisfy(isLabelByte) else { throw .invalid }
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func aLabels(_ name: String) throws(DomainError) -> String {
        guard !name.utf8.contains(0) else { throw .invalid }
        var output: UnsafeMutablePointer<UInt8>?
        let flags = Int32(IDN2_NONTRANSITIONAL.rawValue) | Int32(IDN2_NFC_INPUT.rawValue)
        let status = idn2_lookup_u8(name, &output, flags)
        defer { idn2_free(output) }
        guard status == IDN2_OK.rawValue, let output else { throw .invalid }
        return String(cString: output)
    }
}
