import MailModel

/// Contents that MimeKit encodes, decoded.
enum MimeKitEncodersSuite: OutsideSuite {
    static let name = "mime-mimekit/encoders"

    static func results(in folder: String) throws -> [SuiteResult] {
        let cases = [
            ("photo.b64", "base64", "photo.jpg"), ("photo.uu", "x-uuencode", "photo.jpg"),
            ("wikipedia.qp", "quoted-printable", "wikipedia.txt"),
        ]
        return try cases.map { encoded, encoding, plain in
            let header = Array("Content-Transfer-Encoding: \(encoding)\r\n\r\n".utf8)
            let body = try SuiteFiles.bytes("\(folder)/encoders/\(encoded)")
            let theirs = try SuiteFiles.bytes("\(folder)/encoders/\(plain)")
            let ours = MIMEMessage(header + body).root.decodedBody()
            let isText = plain.hasSuffix(".txt")
            return SuiteResult(
                case: encoded, step: "decoded",
                theirs: Shown.bytes(isText ? SuiteFiles.withLF(theirs) : theirs),
                ours: Shown.bytes(isText ? SuiteFiles.withLF(ours) : ours))
        }
    }
}
