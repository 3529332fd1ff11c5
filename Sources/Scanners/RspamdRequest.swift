import MailModel
import NIOHTTP1
package import Screening
import Storage

/// The header fields in which rspamd is told what the peer said. rspamd: protocol, HTTP headers.
///
/// What is in them came over the wire: a value with a control character, a line end above all, is
/// left out, so that nobody adds fields of their own.
package enum RspamdRequest {
    /// rspamd takes 80 KB of header fields: more recipients than these are not told.
    package static let recipientsMax = 100
    package static let recipientsBytesMax = 32_768
    package static let valueBytesMax = 2_048

    /// In the order in which they are sent.
    package static func fields(of mail: ScannedMail) -> [(name: String, value: String)] {
        let envelope = mail.envelope
        var fields: [(name: String, value: String)] = [
            ("Queue-Id", mail.id.text), ("IP", envelope.peerAddress),
            ("Helo", envelope.helo), ("From", "<\(envelope.mailFrom.wireText)>"),
        ]
        if let name = envelope.peerName.verified { fields.append(("Hostname", name.ascii)) }
        if let version = envelope.tls { fields.append(("TLS-Version", version)) }
        var room = recipientsBytesMax
        for recipient in envelope.recipients.prefix(recipientsMax) {
            let text = "<\(recipient.wireText)>"
            room -= text.utf8.count
            guard room >= 0 else { break }
            fields.append(("Rcpt", text))
        }
        return fields.filter { isValue($0.value) }
    }

    /// `field-value`, of which the text of UTF-8 is a part. RFC 9110 §5.5
    private static func isValue(_ text: String) -> Bool {
        (1...valueBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && text.utf8.first != 0x20 && text.utf8.last != 0x20
    }

    static func head(_ mail: ScannedMail, to address: ScannerSettings.Address) -> HTTPRequestHead {
        var headers = HTTPHeaders([("Host", host(address)), ("Connection", "close")])
        for field in fields(of: mail) { headers.add(name: field.name, value: field.value) }
        headers.add(name: "Content-Length", value: "\(mail.length)")
        return HTTPRequestHead(
            version: .http1_1, method: .POST, uri: "/checkv2", headers: headers)
    }

    private static func host(_ address: ScannerSettings.Address) -> String {
        switch address {
        case .tcp: "\(address)"
        case .unix: "localhost"
        }
    }
}
