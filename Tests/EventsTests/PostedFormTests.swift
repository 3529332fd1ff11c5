import MailModel
import Testing

@testable import Events

/// What senders write into names, where a form has them. `@testable`: limits stand beside the shapes.
@Suite struct PostedFormTests {
    /// The bytes that Mailgun's form has of a mail with these lines.
    private static func form(_ header: [String], disposition: String = "attachment") -> String {
        let lines =
            header + [
                "Content-Type: application/octet-stream", "Content-Disposition: \(disposition)",
                "", "x", "",
            ]
        let mail = PostedMail(
            mailFrom: .null, recipients: [], peerAddress: "", findings: PostedMail.Findings(),
            contents: MailContents(
                Array(lines.joined(separator: "\r\n").utf8), contentsBytesMax: 100))
        let signature = MailgunForm.Signature(timestamp: "1", token: "2", signature: "3")
        return String(
            decoding: MailgunForm.parsed(mail, signature).bytes(boundary: "b"), as: UTF8.self)
    }

    @Test(arguments: [
        (200, "attachment; filename=", "x", "x"), (201, "attachment; filename=", "x", "x"),
        (4_000, "attachment; filename=", "x", "x"),
        (100, "attachment; filename*=utf-8''", "%C3%BC", "ü"),
        (101, "attachment; filename*=utf-8''", "%C3%BC", "ü"),
    ])
    func aLongFileNameKeepsItsEnd(
        _ count: Int, _ front: String, _ character: String, _ read: Character
    ) {
        let form = Self.form(
            [], disposition: front + String(repeating: character, count: count - 4) + "a.txt")
        let room = MIMEAttachment.formNameBytesMax - "a.txt".utf8.count
        let kept = min(count - 4, room / String(read).utf8.count)
        #expect(form.contains("filename=\"\(String(repeating: read, count: kept))a.txt\"\r\n"))
    }

    @Test(
        arguments: [
            ("X-Order", "X-Order"), ("X_a.1", "X_a.1"), (String(repeating: "y", count: 100), nil),
            (String(repeating: "y", count: 101), ""), ("_method", ""), ("a[b]", ""),
            ("to\"ken", ""), ("4711", ""), ("Token", ""),
        ] as [(String, String?)])
    func aFieldOfTheHeaderIsOneOfTheForm(_ name: String, _ expected: String?) {
        let form = Self.form(["\(name): sender's"])
        let written = expected ?? name.prefix(1).uppercased() + name.dropFirst()
        let part = "name=\"\(written)\"\r\n\r\nsender's\r\n"
        #expect(form.contains(part) == !written.isEmpty)
        #expect(form.contains("\r\nsender's\r\n") == !written.isEmpty)
        #expect(form.contains("sender's\"]"), "message-headers has all")
    }

    @Test(arguments: [(127, true), (255 - "text/".count, true), (256 - "text/".count, false)])
    func aLongMediaTypeIsNone(_ count: Int, _ isKept: Bool) {
        let type = "text/" + String(repeating: "y", count: count)
        let mail = MailContents(
            Array("Content-Type: \(type)\r\nContent-Disposition: attachment\r\n\r\nx".utf8),
            contentsBytesMax: 10)
        #expect(mail.files.map(\.formMediaType) == [isKept ? type : "application/octet-stream"])
    }
}
