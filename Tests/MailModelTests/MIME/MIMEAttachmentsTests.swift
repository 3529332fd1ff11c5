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
