/// The encoding of DSN's parameters. RFC 3461 §4
enum Xtext {
    static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                byte > 32 && byte < 127 && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "=")
            output += isPlain ? [byte] : Array("+\(Hexadecimal.text([byte]).uppercased())".utf8)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// What `text` stands for; nil where it is no xtext, or stands for what is not printable ASCII.
    static func decode(_ text: String) -> String? {
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "+") else {
                output.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hexadecimal.value),
                let low = rest.popFirst().flatMap(Hexadecimal.value)
            else { return nil }
            output.append(high << 4 | low)
        }
        guard output.allSatisfy({ $0 >= 32 && $0 < 127 }) else { return nil }
        return String(decoding: output, as: UTF8.self)
    }
}

extension DeliveryNotification {
    /// `originalRecipient` of who did not say one. RFC 3461 §4.2, RFC 6533 §3
    package static func original(_ mailbox: Mailbox) -> String? {
        let text = mailbox.wireText
        return text.utf8.allSatisfy { $0 < 128 } ? "rfc822;\(Xtext.encode(text))" : nil
    }
}
