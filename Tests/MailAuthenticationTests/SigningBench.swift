import DNS
import LibCrypto
import MailAuthentication
import MailModel
import TestSupport

/// A mail, keys to sign it, and a zone with what belongs to them.
struct SigningBench {
    static let now = Timestamp(milliseconds: 1_790_000_000_000)

    let zone = ZoneResolver()
    let time = ManualTime(now)
    var policy = DKIMPolicy()

    init() {
        zone.put("rsa._domainkey.football.example.com", .txt, [.txt(Self.rsaRecord)])
        zone.put("ed._domainkey.football.example.com", .txt, [.txt(Self.ed25519Record)])
    }

    func verify(_ mail: String) async -> [DKIMOutcome] {
        await verify(Array(mail.utf8))
    }

    func verify(_ mail: [UInt8]) async -> [DKIMOutcome] {
        await DKIMVerifier(resolver: zone, rsa: LibCryptoRSA(), time: time, policy: policy)
            .verify(SignedMail(mail, policy: policy))
    }

    func verifyChain(_ mail: String, findsOldestPass: Bool = false) async -> ARCOutcome {
        await ARCVerifier(resolver: zone, rsa: LibCryptoRSA(), time: time, policy: policy)
            .verify(SignedMail(Array(mail.utf8), policy: policy), findsOldestPass: findsOldestPass)
    }

    /// The key's DKIM-Signature of `mail`, on top of it.
    func signed(
        _ mail: String = Self.mail, by key: TestKey = .rsa,
        _ change: (inout DKIMSigningSettings) -> Void = { _ in }
    ) throws -> String {
        var settings = DKIMSigningSettings()
        change(&settings)
        let signer = DKIMSigner(
            domain: Self.domain, selector: key.selector, key: try key.signingKey,
            settings: settings)
        let field = try signer.field(
            for: SignedMail(Array(mail.utf8), forms: [settings.form]), at: Self.now)
        return String(decoding: field, as: UTF8.self) + mail
    }

    static let domain = Domain(validatedASCII: "football.example.com")

    /// Of RFC 6376 §A.1 and RFC 8463 §A.3.
    static let mail = """
        From: Joe SixPack <joe@football.example.com>\r
        To: Suzie Q <suzie@shopping.example.net>\r
        Subject: Is dinner ready?\r
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
        \r
        Hi.\r
        \r
        We lost the game.  Are you hungry yet?\r
        \r
        Joe.\r

        """

    static let rsaRecord = "v=DKIM1; k=rsa; p=\(TestKey.rsaPublic)"
    static let ed25519Record = "v=DKIM1; k=ed25519; p=\(TestKey.ed25519Public)"
}

enum TestKey: String, CaseIterable {
    case rsa
    case ed25519

    var selector: String {
        switch self {
        case .rsa: "rsa"
        case .ed25519: "ed"
        }
    }

    var signingKey: SigningKey {
        get throws {
            switch self {
            case .rsa: try Self.key(Self.rsaPrivate)
            case .ed25519: try Self.key(Self.ed25519Private)
            }
        }
    }

    static func key(_ text: String) throws -> SigningKey {
        guard let key = SigningKey(Array(text.utf8), rsa: LibCryptoRSA()) else {
            throw NoKey()
        }
        return key
    }

    struct NoKey: Error {}

    /// Of RFC 8463 §A.2, as is the next, in the form of RFC 8410 §7.
    static let ed25519Private = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """
    static let ed25519Public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

    static let rsaPrivate = """
        -----BEGIN RSA PRIVATE KEY-----
        MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
        Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
        KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
        AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
        6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
        zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
        6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
        uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
        WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
        WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
        licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
        o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
        uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
        -----END RSA PRIVATE KEY-----
        """
    static let rsaPublic =
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3"
        + "idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACD"
        + "fzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLz"
        + "BfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
}
