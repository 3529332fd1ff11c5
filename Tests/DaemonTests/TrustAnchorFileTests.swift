import TestSupport
import Testing

// `@testable`: the reading is a detail of the configuration.
@testable import Daemon

@Suite struct TrustAnchorFileTests {
    private static let digest =
        "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

    @Test(arguments: [
        ". IN DS 20326 8 2 \(digest)\n",
        "; a comment\n\n.\t3600\tIN\tDS\t20326 8 2 \(digest) ; another",
        "$TTL 3600\nexample.test. ds 1 15 2 \(digest.prefix(32)) \(digest.dropFirst(32))",
        "example.test. IN DNSKEY 257 3 15 (\n  bGliIGJh\n  c2U2NA== ) ; id = 1\n",
    ])
    func takes(_ text: String) {
        #expect(TrustAnchorFile.problem(in: text) == nil)
    }

    @Test(arguments: [
        ("", "there is no DS or DNSKEY record in it"),
        ("; nothing\n", "there is no DS or DNSKEY record in it"),
        ("this is no record\n", "line 1: no DS or DNSKEY record"),
        (
            "; one\n. IN DS 20326 8 2 \(digest)\n. IN DS 20326 8 2 xyz\n",
            "line 3: the digest is not hexadecimal"
        ),
        (". IN DS 20326 8 2 ABC", "line 1: the digest is not hexadecimal"),
        (". IN DS 20326 8 2", "line 1: the record has too few fields"),
        (
            ". IN DS 20326 RSASHA256 2 AB",
            "line 1: the first three fields are no numbers, or too large"
        ),
        (
            ". IN DS 70000 8 2 AB",
            "line 1: the first three fields are no numbers, or too large"
        ),
        ("\n. IN DNSKEY 257 3 8 (\n  not&base64 )\n", "line 2: the key is not base64"),
        (". IN DNSKEY 257 3 8 ( AwEAAQ==\n", "line 1: its parenthesis is not closed"),
        ("-----BEGIN CERTIFICATE-----\n", "line 1: no DS or DNSKEY record"),
    ])
    func saysWhatIsWrong(_ text: String, _ problem: String) {
        #expect(TrustAnchorFile.problem(in: text) == problem)
    }
}
