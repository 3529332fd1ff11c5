import MailModel
import Testing

@Suite struct WebURLTests {
    @Test(arguments: [
        ("https://example.com", "https://example.com/"),
        ("HTTP://EXAMPLE.com:80/A?b=c", "http://example.com/A?b=c"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com?a=b", "https://example.com/?a=b"),
        ("https://example.com./x", "https://example.com/x"),
        (
            "https://bücher.example/ä".replacing("ä", with: "%C3%A4"),
            "https://xn--bcher-kva.example/%C3%A4"
        ),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("http://[::1]/", "http://[::1]/"), ("http://[::1]:81/", "http://[::1]:81/"),
        ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/"),
        ("http://my_host/", "http://my_host/"), ("http://0x7f.example/", "http://0x7f.example/"),
        ("http://a.example/;a=1,b@c:d/~!$&'()*+", "http://a.example/;a=1,b@c:d/~!$&'()*+"),
    ])
    func readsWhatItSays(_ text: String, _ canonical: String) throws {
        #expect(try WebURL(parsing: text).description == canonical)
    }

    @Test(arguments: [
        "", "example.com", "ftp://example.com/", "https:/example.com/", "https:///x", "http://",
        "//example.com/", "http:example.com", "http://example.com:/", "http://example.com:0/",
        "http://example.com:65536/", "http://example.com:+80/", "http://example.com:8a/",
        "http://a b/", "http://a/ b", "http://a/\r\nX: y", "http://a\\b/", "http://a/\u{0}",
        "http://exa%6Dple.com/", "http://a..example/", "http://-a.example/", "http://[::1/",
        "http://[::1]x/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[]/",
        "http://::1/", "http://1:2:3/", "http://a/%", "http://a/%4", "http://a/%zz", "http://a/ä",
        "http://a/<b>", "http://a/\"", "http://a/[b]",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(throws: WebURL.ParsingError.self) { try WebURL(parsing: text) }
    }

    /// H1: what resolvers take for 127.0.0.1, and a sharper reader should not guess about.
    @Test(arguments: [
        "127.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001", "0177.0.0.1",
        "127.0.0.1.", "127.0.0.01", "１２７.0.0.1", "127。0。0。1", "0", "0x", "1.2.3.4.5",
        "256.256.256.256", "0X7F000001",
    ])
    func refusesOddAddresses(_ host: String) {
        #expect {
            _ = try WebURL(parsing: "http://\(host)/")
        } throws: { error in
            guard case .oddAddress? = error as? WebURL.ParsingError else { return false }
            return true
        }
    }

    @Test(arguments: [
        ("http://user@a.example/", "user and password"), ("http://a:b@127.0.0.1/", "user and"),
        ("http://example.com@127.0.0.1/", "user and"), ("http://a.example/#x", "fragment"),
    ])
    func saysWhatIsNotSent(_ text: String, _ reason: String) {
        #expect {
            _ = try WebURL(parsing: text)
        } throws: {
            "\($0)".contains(reason)
        }
    }
}
