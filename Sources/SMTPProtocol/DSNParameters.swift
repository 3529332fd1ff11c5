import MailModel

/// The values of RFC 3461's parameters: what is taken may be written again as it stands.
enum DSNParameters {
    private static let envelopeIDBytesMax = 100
    private static let originalRecipientBytesMax = 500

    /// `NEVER`, or a list of the others. RFC 3461 §4.1
    static func occasions(
        _ value: ArraySlice<UInt8>?
    ) throws(SMTPSyntaxError) -> DeliveryNotification.Occasions {
        guard let value else { throw .parameterInvalid }
        let words = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map(SMTPCommandParser.upperCased)
        if words == ["NEVER"] { return [] }
        var occasions: DeliveryNotification.Occasions = []
        for word in words {
            switch word {
            case "SUCCESS": occasions.insert(.success)
            case "FAILURE": occasions.insert(.failure)
            case "DELAY": occasions.insert(.delay)
            default: throw .parameterInvalid
            }
        }
        return occasions
    }

    /// RFC 3461 §4.3
    static func returned(
        _ value: ArraySlice<UInt8>?
    ) throws(SMTPSyntaxError) -> DeliveryNotification.Returned {
        guard let value,
            let returned = DeliveryNotification.Returned(
                rawValue: SMTPCommandParser.upperCased(value))
        else { throw .parameterInvalid }
        return returned
    }

    /// RFC 3461 §4.4
    static func envelopeID(_ value: ArraySlice<UInt8>?) throws(SMTPSyntaxError) -> String {
        guard let value, value.count <= envelopeIDBytesMax, isXText(value) else {
            throw .parameterInvalid
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// `original-recipient-address = addr-type ";" enhanced-address`. RFC 3461 §4.2
    static func originalRecipient(
        _ value: ArraySlice<UInt8>?
    ) throws(SMTPSyntaxError) -> String {
        guard let value, value.count <= originalRecipientBytesMax,
            let semicolon = value.firstIndex(of: UInt8(ascii: ";")), semicolon > value.startIndex,
            value[..<semicolon].allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }),
            isXText(value[(semicolon + 1)...])
        else { throw .parameterInvalid }
        return String(decoding: value, as: UTF8.self)
    }

    /// `xtext = *( xchar / hexchar )`, `hexchar = "+" 2(upper-case digit)`. RFC 3461 §4
    private static func isXText(_ value: ArraySlice<UInt8>) -> Bool {
        var rest = value
        while let byte = rest.popFirst() {
            guard (33...126).contains(byte), byte != UInt8(ascii: "=") else { return false }
            guard byte == UInt8(ascii: "+") else { continue }
            for _ in 0..<2 {
                guard let digit = rest.popFirst(), isHexadecimal(digit) else { return false }
            }
        }
        return true
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
}
