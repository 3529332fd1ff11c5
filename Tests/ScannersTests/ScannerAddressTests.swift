import Scanners
import Testing

@Suite struct ScannerAddressTests {
    @Test(arguments: [
        ("127.0.0.1:11333", ScannerSettings.Address.tcp(host: "127.0.0.1", port: 11_333)),
        ("[::1]:1", .tcp(host: "::1", port: 1)),
        ("Rspamd.internal:65535", .tcp(host: "rspamd.internal", port: 65_535)),
        ("localhost:3310", .tcp(host: "localhost", port: 3_310)),
        ("/run/clamav/clamd.ctl", .unix(path: "/run/clamav/clamd.ctl")),
    ])
    func reads(_ text: String, _ address: ScannerSettings.Address) {
        #expect(ScannerSettings.Address(text) == address)
        #expect(ScannerSettings.Address("\(address)") == address)
    }

    @Test(arguments: [
        "", "127.0.0.1", ":11333", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1",
        "127.0.0.1:123456", "::1:11333", "[::1]", "[127.0.0.1]:1", "[::1:1", "a b:1",
        "http://127.0.0.1:11333", "user@host:1", "clamd.ctl", "./clamd.ctl", "/run/\0",
        "/" + String(repeating: "a", count: ScannerSettings.Address.pathBytesMax),
    ])
    func isNone(_ text: String) {
        #expect(ScannerSettings.Address(text) == nil)
    }

    @Test func aPathMayBeSoLong() {
        let path = "/" + String(repeating: "a", count: ScannerSettings.Address.pathBytesMax - 1)
        #expect(ScannerSettings.Address(path) == .unix(path: path))
    }
}
