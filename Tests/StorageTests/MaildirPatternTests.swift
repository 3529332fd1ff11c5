import MailModel
import Storage
import Testing

@Suite struct MaildirPatternTests {
    @Test(
        arguments: [
            (
                "/var/vmail/${recipientDomain}/${recipientUser}", "Ada+x@Sub.Example.com",
                "/var/vmail", ["sub.example.com", "ada"]
            ),
            (
                "/var/vmail/${recipientLocalPart}/Maildir", "Ada+x@example.com",
                "/var/vmail", ["ada+x", "Maildir"]
            ),
            ("/srv/all", "ada@example.com", "/srv", ["all"]),
            ("/all", "ada@example.com", "/", ["all"]),
            ("/${recipientUser}", "ada@example.com", "/", ["ada"]),
            (
                "/m/u-${recipientUser}@${recipientDomain}", "a.b@example.com",
                "/m", ["u-a.b@example.com"]
            ),
            ("/m/$x${recipientUser}", "a@example.com", "/m", ["$xa"]),
            // Nobody who writes an address chooses a folder.
            (
                "/m/${recipientUser}", #"".."@example.com"#,
                "/m", ["%2E."]
            ),
            (
                "/m/.${recipientUser}", #""."@example.com"#,
                "/m", [".%2E"]
            ),
            ("/m/${recipientUser}", #""."@example.com"#, "/m", ["%2E"]),
            ("/m/${recipientUser}", #""../../etc"@example.com"#, "/m", ["%2E.%2F..%2Fetc"]),
            ("/m/${recipientUser}", "a%2fb@example.com", "/m", ["a%252fb"]),
            ("/m/${recipientUser}", "a/b@example.com", "/m", ["a%2Fb"]),
            ("/m/${recipientUser}", #""a b:\\"@example.com"#, "/m", ["a%20b%3A%5C"]),
            ("/m/${recipientUser}", "+x@example.com", "/m", ["+x"]),
            ("/m/${recipientUser}", "é@example.com", "/m", ["%C3%A9"]),
            ("/m/${recipientDomain}", "a@[192.0.2.1]", "/m", ["%5B192.0.2.1%5D"]),
            ("/m/x${recipientUser}", #"".a"@example.com"#, "/m", ["x.a"]),
        ] as [(String, String, String, [String])])
    func eachRecipientHasAPlace(
        _ text: String, _ recipient: String, _ base: String, _ parts: [String]
    ) throws {
        let mailbox = try AddressParser.mailbox(Array(recipient.utf8)[...], isUTF8Allowed: true)
        let place = try MaildirPattern(text).place(of: mailbox)
        #expect(place == MaildirPlace(base: base, parts: parts))
        #expect(place.path == (base == "/" ? "" : base) + "/" + parts.joined(separator: "/"))
    }

    /// Every two bytes that an address may have (in quotes) are one folder's name, each its own.
    @Test func noTwoAddressesShareAFolder() throws {
        let pattern = try MaildirPattern("/m/${recipientLocalPart}")
        let domain = Domain(validatedASCII: "example.com")
        let bytes = (UInt8(32)...126).filter { !(65...90).contains($0) }
        var folders: Set<String> = []
        for first in bytes {
            for second in bytes {
                let mailbox = Mailbox(
                    validatedLocalPart: String(decoding: [first, second], as: UTF8.self),
                    domain: domain)
                let parts = pattern.place(of: mailbox).parts
                guard parts.count == 1, let part = parts.first, !part.hasPrefix("."),
                    !part.contains("/"), !part.contains(":")
                else {
                    Issue.record("\(mailbox.wireText) is \(parts)")
                    continue
                }
                folders.insert(part)
            }
        }
        #expect(folders.count == bytes.count * bytes.count)
    }

    @Test(
        arguments: [
            ("", .noPath), ("m/${recipientUser}", .noPath), ("/", .noPath), ("/m/", .noPath),
            ("/m//x", .noPath), ("/m/../x", .noPath), ("/m/./x", .noPath), ("/m/x\0", .noPath),
            ("/m/${recipientUser", .openName), ("/m/${a/b}", .openName),
            ("/m/${recipient}", .unknownName("recipient")), ("/m/${}", .unknownName("")),
        ] as [(String, MaildirPattern.Problem)])
    func whatIsNoPatternIsSaid(_ text: String, _ problem: MaildirPattern.Problem) {
        #expect(throws: problem) { try MaildirPattern(text) }
    }
}
