import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// The example of RFC 8463 §A.3, made and verified.
@Suite struct RFC8463ExampleTests {
    static let ed25519Field = """
        DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
         d=football.example.com; i=@football.example.com;\r
         q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
         subject : date : message-id : from : subject : date;\r
         bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
         b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
         Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r

        """

    static let rsaField = """
        DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r
         d=football.example.com; i=@football.example.com;\r
         q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r
         date : message-id : from : subject : date;\r
         bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
         b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r
         DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r
         dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r

        """

    @Test(arguments: [
        (TestKey.ed25519, "brisbane", Self.ed25519Field), (TestKey.rsa, "test", Self.rsaField),
    ])
    func signsByteForByte(_ key: TestKey, _ selector: String, _ expected: String) throws {
        var settings = DKIMSigningSettings()
        settings.signedFields = ["from", "to", "subject", "date", "message-id"]
        settings.oversignedFields = ["from", "subject", "date"]
        settings.identity = "@football.example.com"
        let signer = DKIMSigner(
            domain: SigningBench.domain, selector: selector, key: try key.signingKey,
            settings: settings)
        let field = try signer.field(
            for: SignedMail(Array(SigningBench.mail.utf8), forms: [settings.form]),
            at: Timestamp(milliseconds: 1_528_637_909_000))
        #expect(String(decoding: field, as: UTF8.self) == expected)
    }

    /// Both on one mail, as the RFC has it.
    @Test func verifies() async {
        let bench = SigningBench()
        bench.zone.put(
            "brisbane._domainkey.football.example.com", .txt, [.txt(SigningBench.ed25519Record)])
        bench.zone.put(
            "test._domainkey.football.example.com", .txt, [.txt(SigningBench.rsaRecord)])
        let outcomes = await bench.verify(Self.ed25519Field + Self.rsaField + SigningBench.mail)
        #expect(outcomes.map(\.result) == [.pass, .pass])
        #expect(outcomes.map(\.keyBits) == [256, 1024])
        #expect(outcomes.map(\.identity) == Array(repeating: "@football.example.com", count: 2))
        #expect(outcomes.map(\.signatureStart) == ["/gCrinpc", "F45dVWDf"])
    }
}
