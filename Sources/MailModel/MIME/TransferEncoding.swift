/// How a body was made fit for transport. RFC 2045 §6
package enum TransferEncoding: String, Sendable, Hashable {
    case sevenBit = "7bit"
    case eightBit = "8bit"
    case binary
    case quotedPrintable = "quoted-printable"
    case base64
    /// `uuencode`, `x-uuencode` and what else it is called: no standard's, but met.
    case uuencode
    /// Something that nobody knows: bytes are taken as they are.
    case unknown

    /// The field's body; nil where it is empty.
    package init?(_ body: ArraySlice<UInt8>) {
        var cursor = HeaderCursor(body)
        // QUIRK: `"base64"`, `base64;`
        cursor.skipSpaceAndComments()
        let name =
            cursor.current == UInt8(ascii: "\"") ? cursor.quotedString()[...] : cursor.token()
        guard !name.isEmpty else { return nil }
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "7bit", "7-bit": self = .sevenBit
        case "8bit", "8-bit": self = .eightBit
        case "binary": self = .binary
        case "quoted-printable", "quotedprintable", "quoted": self = .quotedPrintable
        case "base64", "base-64", "x-base64": self = .base64
        case "uuencode", "x-uuencode", "uue", "x-uue", "uu": self = .uuencode
        default: self = .unknown
        }
    }

    /// Whether the bytes of the body are those of what it holds.
    package var isIdentity: Bool {
        switch self {
        case .sevenBit, .eightBit, .binary, .unknown: true
        case .quotedPrintable, .base64, .uuencode: false
        }
    }

    /// At most `bytesMax` bytes of what `body` holds, in time linear in what is read for them. Never
    /// fails: what is no encoding is passed over, or kept as it is.
    func decode(_ body: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        switch self {
        case .sevenBit, .eightBit, .binary, .unknown: Array(body.prefix(bytesMax))
        case .quotedPrintable: QuotedPrintable.decode(body, bytesMax: bytesMax)
        case .base64: Base64.decode(body, bytesMax: bytesMax)
        case .uuencode: UUEncoding.decode(body, bytesMax: bytesMax)
        }
    }
}
