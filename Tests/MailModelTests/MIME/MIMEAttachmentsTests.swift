import Magic
import MailModel
import Testing

@Suite struct MIMEAttachmentsTests {
    private static func message(_ text: String) -> MIMEMessage { MIMEMessage(Array(text.utf8)) }

    private struct FixedGuesser: ContentTypeGuesser {
        func contentType(of front: ArraySlice<UInt8>) -> String? { "x/\(front.count)" }
    }

    static let mixed = """
        Content-Type: multipart/mixed; boundary=x

        --x

        read me
        begin 644 uu.txt
        %:&5L;&\\
        end
        --x
        Content-Type: Application/PDF; name=a.pdf
        Content-Disposition: Attachment; filename="b.exe"
        Content-Transfer-Encoding: base64
        Content-ID: <1@a>

        YWJj
        --x
        Content-Type: text/plain; name=notes.txt

        notes
        --x
        Content-Type: message/rfc822

        Content-Type: multipart/mixed; boundary=y

        --y

        inner text
        --y
        Content-Type: image/png

        png
        --y--
        --x--
        """

    @Test("P7: all that a mail carries is listed, as declared and as it is")
    func listsWhatAMailCarries() throws {
        let list = MIMEAttachments(of: Self.message(Self.mixed), guesser: FixedGuesser()).list
        #expect(list.map(\.section) == ["1", "2", "3", "4", "4.2"])
        #expect(list.map(\.container) == [.uuencode, .part, .part, .part, .part])
        #expect(
            list.map(\.declaredType)
                == [nil, "application/pdf", "text/plain", "message/rfc822", "image/png"])
        #expect(list.map(\.fileName) == ["uu.txt", "b.exe", "notes.txt", nil, nil])
        let pdf = list[1]
        #expect(pdf.names.map(\.value) == ["b.exe", "a.pdf"])
        #expect(pdf.names.map(\.place) == ["Content-Disposition filename", "Content-Type name"])
        #expect(pdf.disposition == "attachment")
        #expect(pdf.contentID == "<1@a>")
        #expect(pdf.size == 3)
        #expect(pdf.seenType == "x/3")
        // SHA-256 of `abc`: FIPS 180-2, appendix B.1.
        #expect(pdf.sha256.prefix(4) == [0xBA, 0x78, 0x16, 0xBF])
    }

    @Test func listsWhatIsInAnEncodedMessage() {
        // `Content-Type: a/b` with the body `x`.
        let message = Self.message(
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
                + "Q29udGVudC1UeXBlOiBhL2INCg0KeA==")
        let list = MIMEAttachments(of: message).list
        #expect(list.map(\.section) == ["1", "1/1"])
        #expect(list.map(\.declaredType) == ["message/rfc822", "a/b"])
    }

    struct Hidden: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var mail: String
        /// `section container type name`
        var attachments: [String]
    }

    private static let uuencoded = "begin 644 uu.txt\n%:&5L;&\\\nend\n"
    private static let hidden = [
        Hidden(
            testDescription: "no boundary",
            mail: "Content-Type: multipart/mixed\n\n--x\n\n1\n--x--",
            attachments: ["1 part multipart/mixed"]),
        Hidden(
            testDescription: "an empty boundary",
            mail: "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\n1\n----",
            attachments: ["1 part multipart/mixed"]),
        Hidden(
            testDescription: "another boundary",
            mail: "Content-Type: multipart/mixed; boundary=y; boundary=x\n\n--x\n\(uuencoded)--x--",
            attachments: ["1 part multipart/mixed", "1 uuencode uu.txt"]),
        Hidden(
            testDescription: "another boundary, within",
            mail: "Content-Type: multipart/mixed; boundary=y\n\n--y\n"
                + "Content-Type: multipart/mixed; boundary=z\n\n--x\n--y--",
            attachments: ["1 part multipart/mixed"]),
        Hidden(
            testDescription: "nothing in it",
            mail: "Content-Type: multipart/mixed; boundary=y\n\n", attachments: []),
        // `--x`, a part `a/b` that is named, `--x--`.
        Hidden(
            testDescription: "a multipart in base64",
            mail: "Content-Type: multipart/mixed;\n boundary=x\n"
                + "Content-Transfer-Encoding: base64\n\n"
                + "LS14CkNvbnRlbnQtVHlwZTogYS9iOyBuYW1lPWMKCmQKLS14LS0K",
            attachments: ["1 part multipart/mixed", "1/1 part a/b c"]),
        Hidden(
            testDescription: "a multipart in quoted-printable",
            mail: "Content-Type: multipart/mixed; boundary=x\n"
                + "Content-Transfer-Encoding: quoted-printable\n\n"
                + "=2D-x\nContent-Type: a/b; name=3Dc\n\nd\n=2D-x--\n",
            attachments: ["1 part multipart/mixed", "1/1 part a/b c"]),
        Hidden(
            testDescription: "around the parts",
            mail: "Content-Type: multipart/mixed; boundary=y\n\n\(uuencoded)--y\n"
                + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n1\n--x--\n\(uuencoded)--y--",
            attachments: [" uuencode uu.txt", "1 uuencode uu.txt"]),
        Hidden(
            testDescription: "behind a delimiter that does not close",
            mail: "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n1\n--x--foo\n--x\n"
                + "Content-Disposition: attachment; filename=e.exe\n\nMZ\n--x--",
            attachments: ["3 part e.exe"]),
    ]

    @Test("P7: what some readers find in a mail is not hidden", arguments: hidden)
    func hidesNothing(_ hidden: Hidden) {
        let mail = Self.message(hidden.mail)
        let told = MIMEAttachments(of: mail).list.map { attachment in
            [
                attachment.section, attachment.container.rawValue, attachment.declaredType,
                attachment.fileName,
            ].compactMap { $0 }.joined(separator: " ")
        }
        #expect(told == hidden.attachments)
    }

    @Test("P7: a name makes a text an attachment, in whatever field it stands")
    func repeatedFieldsName() {
        let mail = Self.message(
            """
            Content-Type: text/plain
            Content-Type: text/plain; name=a.exe
            Content-Disposition: inline
            Content-Disposition: attachment; filename=b.exe

            MZ
            """)
        #expect(MIMEAttachments(of: mail).list.first?.names.map(\.value) == ["a.exe", "b.exe"])
    }

    @Test("P6: attachments are counted")
    func attachmentsAreLimited() {
        func attachments(_ count: Int) -> MIMEAttachments {
            let part = "--x\nContent-Type: a/b\n\ny\n"
            return MIMEAttachments(
                of: Self.message(
                    "Content-Type: multipart/mixed; boundary=x\n\n"
                        + String(repeating: part, count: count)))
        }
        #expect(attachments(MIMEAttachments.countMax).list.count == MIMEAttachments.countMax)
        #expect(!attachments(MIMEAttachments.countMax).isCut)
        #expect(attachments(MIMEAttachments.countMax + 1).isCut)
    }

    @Test func libmagicSeesTheType() async throws {
        let guesser = try MagicGuesser()
        let png: [UInt8] =
            [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13] + Array("IHDR".utf8)
        // Many at once: each has a handle of its own.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    #expect(guesser.contentType(of: png[...]) == "image/png")
                    #expect(
                        guesser.contentType(of: Array("%PDF-1.4\n".utf8)[...]) == "application/pdf")
                }
            }
        }
        #expect(guesser.contentType(of: []) != nil)
    }

    @Test func sortsTextFromAttachments() {
        let mail = Self.message(
            """
            Content-Type: multipart/mixed; boundary=x

            --x
            Content-Type: multipart/alternative; boundary=y

            --y

            plain
            --y
            Content-Type: text/html

            html
            --y--
            --x
            Content-Type: image/png

            png
            --x
            Content-Type: text/plain
            Content-Disposition: attachment

            kept apart
            --x--
            """)
        let bodies = MIMEBodies(mail)
        #expect(bodies.text.map(\.index) == [2, 4])
        #expect(bodies.html.map(\.index) == [3, 4])
        #expect(MIMEAttachments(of: mail).list.map(\.section) == ["2", "3"])
    }

    @Test func oneKindServesBoth() {
        let mail = Self.message("Content-Type: text/html\n\n<p>")
        let bodies = MIMEBodies(mail)
        #expect(bodies.text.map(\.index) == [0])
        #expect(bodies.html.map(\.index) == [0])
    }
}
