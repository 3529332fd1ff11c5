import MailModel
import TestSupport

extension FuzzTarget {
    /// A whole mail: what holds of every mail holds, with standard limits and with tight ones, and
    /// what it carries can be listed.
    static let mail = FuzzTarget("mail") { bytes in
        let tight = MIMELimits(depthMax: 3, partsMax: 5, defectsMax: 4)
        for limits in [MIMELimits.standard, tight] {
            let mail = MIMEMessage(bytes, limits: limits)
            let breach = MailInvariants.breach(mail, limits: limits)
            try require(breach == nil, breach ?? "")
            let bodies = MIMEBodies(mail)
            let shown = bodies.text + bodies.html
            try require(shown.count <= 2 * mail.parts.count, "more shown than there is")
            for part in mail.parts { _ = (part.readableText(), part.calendar) }
            for attachment in MIMEAttachments(of: mail).list {
                try require(
                    attachment.size <= bytes.count || attachment.declaredType == "text/rtf",
                    "an attachment larger than its mail")
            }
        }
    }

    /// The body of a structured field: parameters, however they are continued, and encoded words.
    static let mimeParameters = FuzzTarget("mime-parameters") { bytes in
        let disposition = ContentDisposition(bytes[...])
        _ = ContentType(bytes[...])
        var told = 0
        for name in ["filename", "name", "a", ""] {
            for variant in disposition.parameters.variants(name) {
                told += variant.value.utf8.count
                try require(
                    disposition.parameters[name] != nil, "a variant of no value: \(name)")
            }
        }
        try require(told <= 32 * bytes.count + 32, "parameters that grew")
        let text = EncodedWords.decode(bytes)
        try require(text.utf8.count <= 16 * bytes.count + 16, "words that grew")
        let mailboxes = AddressList.mailboxes(bytes)
        try require(mailboxes.count <= bytes.count + 1, "more mailboxes than bytes")
    }

    /// TNEF, and MAPI's properties in it.
    static let tnef = FuzzTarget("tnef") { bytes in
        guard let tnef = TNEF(bytes[...]) else { return }
        try require(tnef.attachments.count <= TNEF.attachmentsMax, "attachments")
        for attachment in tnef.attachments {
            try require(attachment.data.count <= bytes.count, "data")
            try require(attachment.names.allSatisfy { !$0.isEmpty }, "a name without a letter")
        }
        try require((tnef.html?.count ?? 0) <= bytes.count, "HTML")
        try require((tnef.rtf?.count ?? 0) <= 8 * bytes.count, "RTF")
    }

    /// Transfer encodings: whatever stands in a body, it decodes to no more than there is, and its
    /// beginning to the beginning.
    static let encodings = FuzzTarget("encodings") { bytes in
        for encoding in ["base64", "quoted-printable", "x-uuencode"] {
            let header = Array("Content-Transfer-Encoding: \(encoding)\r\n\r\n".utf8)
            let part = MIMEMessage(header + bytes).root
            let whole = part.decodedBody()
            try require(whole.count <= bytes.count, "\(encoding) that grew")
            for length in [0, 1, 2, 7, whole.count / 2] {
                let front = part.decodedBody(bytesMax: length)
                try require(front.count <= length, "\(encoding): more than asked for")
                try require(whole.starts(with: front), "\(encoding): another beginning")
            }
        }
    }
}
