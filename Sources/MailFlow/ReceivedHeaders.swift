import Crypto
import Foundation
import MailModel
import NIOCore
import Storage

/// The header block that we put before a received mail, as SES does: written once, when the
/// mail's data begins, so that what is stored and what a `store` action delivers are the same
/// bytes.
///
/// Verdict headers are absent while there is nothing that scans; an authentication result says
/// `none`, RFC 8601 §2.2's form for «nothing was checked».
struct ReceivedHeaders {
    let hostname: String
    let receiptKey: SymmetricKey

    init(hostname: String, receiptKey: [UInt8]) {
        self.hostname = hostname
        self.receiptKey = SymmetricKey(data: receiptKey)
    }

    func write(
        _ envelope: ReceivedEnvelope, id: MailID, at time: Timestamp, into buffer: inout ByteBuffer
    ) {
        var text = "Return-Path: <\(envelope.mailFrom.wireText)>\r\n"
        text += "Received: from \(Self.printable(envelope.helo))"
        // RFC 5321 §4.4: the name is what the DNS says, and only one that leads back.
        let name = envelope.peerName.verified?.ascii ?? "unknown"
        text += " (\(name) [\(Self.addressLiteral(envelope.peerAddress))])\r\n"
        text += " by \(hostname) with \(envelope.protocolName) id \(id.text)"
        // RFC 5321 §4.4: more than one address here would tell each recipient of the others.
        if envelope.recipients.count == 1 {
            text += "\r\n for <\(envelope.recipients[0].wireText)>"
        }
        text += ";\r\n \(time.rfc5322Text) (UTC)\r\n"
        text += "Authentication-Results: \(hostname); none\r\n"
        text += "X-SES-RECEIPT: \(seal(id))\r\n"
        buffer.writeString(text)
    }

    /// Says that this id was given by us: the id and the first 16 bytes of its HMAC-SHA-256.
    private func seal(_ id: MailID) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(id.text.utf8), using: receiptKey)
        return Data(Array(id.text.utf8) + code.prefix(16)).base64EncodedString()
    }

    /// What the peer called itself, without what would end or nest a comment or a line.
    private static func printable(_ helo: String) -> String {
        let allowed = helo.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                byte
            default: UInt8(ascii: "?")
            }
        }
        return allowed.isEmpty ? "unknown" : String(decoding: allowed, as: UTF8.self)
    }

    /// RFC 5321 §4.1.3: an IPv6 address in brackets says that it is one.
    private static func addressLiteral(_ address: String) -> String {
        address.contains(":") ? "IPv6:" + address : address
    }
}

extension ReceivedEnvelope {
    /// The `with` clause of who did not log in; of others with an `A` behind.
    /// RFC 3848, RFC 6531 §4.3
    var protocolName: String {
        let secured = tls == nil ? "" : "S"
        if isSMTPUTF8 { return "UTF8SMTP" + secured }
        return isExtended ? "ESMTP" + secured : "SMTP"
    }
}
