import LibCrypto
import MailAuthentication
import Testing

@Suite struct LibCryptoRSATests {
    @Test func signsAndVerifies() throws {
        let rsa = LibCryptoRSA()
        let key = try #require(rsa.privateKey(Array(TestKey.rsaPrivate.utf8)))
        let numbers = try #require(RSAPublicNumbers(der: TestDER.bytes(TestKey.rsaPublic)))
        let other = try #require(RSAPublicNumbers(der: TestDER.key(bits: 1024)))
        #expect(key.bits == 1024)
        #expect(numbers.bits == 1024)
        for hash in [SignatureHash.sha1, .sha256] {
            let digest = hash.digest(Array("text".utf8))
            let signature = try key.signature(of: digest, by: hash)
            #expect(try key.signature(of: digest, by: hash) == signature)
            #expect(signature.count == 128)
            let publicKey = try #require(rsa.publicKey(numbers))
            #expect(publicKey.isValid(signature, of: digest, by: hash))
            #expect(!publicKey.isValid(signature, of: hash.digest([]), by: hash))
            #expect(!publicKey.isValid(signature.dropLast() + [0], of: digest, by: hash))
            #expect(!publicKey.isValid([], of: digest, by: hash))
            #expect(rsa.publicKey(other)?.isValid(signature, of: digest, by: hash) == false)
        }
    }

    /// A key as it comes, and as its parts name it.
    @Test func readsEveryEncoding() throws {
        let der = TestDER.bytes(
            TestKey.rsaPrivate.split(separator: "\n").dropFirst().dropLast().joined())
        let wrapped = TestDER.bytes(Self.wrapped)
        for encoded in [
            Array(TestKey.rsaPrivate.utf8), der, wrapped,
            Array("-----BEGIN PRIVATE KEY-----\n\(Self.wrapped)\n-----END PRIVATE KEY-----".utf8),
        ] {
            #expect(LibCryptoRSA().privateKey(encoded)?.bits == 1024)
        }
    }

    @Test(
        arguments: [
            [], [0x30], Array("-----BEGIN RSA PRIVATE KEY-----\n".utf8),
            Array(TestKey.ed25519Private.utf8),
            Array(TestKey.rsaPrivate.utf8.prefix(400)),
        ] as [[UInt8]])
    func refusesWhatIsNoPrivateKey(_ encoded: [UInt8]) {
        #expect(LibCryptoRSA().privateKey(encoded) == nil)
    }

    /// RFC 8301 §3.2: signers use no smaller keys.
    @Test func refusesToSignWithSmallKeys() {
        #expect(LibCryptoRSA().privateKey(Array(Self.small.utf8))?.bits == 512)
        #expect(SigningKey(Array(Self.small.utf8), rsa: LibCryptoRSA()) == nil)
    }

    /// Keys of one kind are used by many tasks at once.
    @Test func isUsedAtOnce() async throws {
        let key = try #require(LibCryptoRSA().privateKey(Array(TestKey.rsaPrivate.utf8)))
        let digest = SignatureHash.sha256.digest([])
        let signature = try key.signature(of: digest, by: .sha256)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    (0..<20).allSatisfy { _ in
                        (try? key.signature(of: digest, by: .sha256)) == signature
                    }
                }
            }
            for await isSame in group { #expect(isSame) }
        }
    }

    /// The key of `TestKey` as PKCS#8.
    static let wrapped =
        "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOQeU5CgFPNZGIaz"
        + "lXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXoliLRC/H9vJjMI1vdb3XLcW60"
        + "AIN/PBD8EL97/y4GwJH7LPUvGP48vqUe+owqszesbiGy1PlCO8c70/OjFnJVgvMF"
        + "87YR4Lcincb7aSvI5MgpP6X8rjDdAgMBAAECgYAfRzE6EVkODNdaEOGcAkPDmziu"
        + "g5c3g6GOJdrxbtjeuFfcUmqYlI+4Lw329CbpJVtosAThIbmYsy54eWHgpd98Sm4s"
        + "SI2n1Kzc7hh8uJCltGoTtOblLEqO+9Chll7MeiuKY5oKFEvaK3juK5bHPFKJEy/h"
        + "z6PvQaJZ3FefF7hSgQJBAPMkH/RTnxbtFnLp6cZWPaRYXvfYKhYVlbOLUWJy52sE"
        + "WjLrdDByjCmgJrMq29kYw2U9acLvH/qjwZy5J7SBrbECQQDwLs+Kk+bX/V9NFC+P"
        + "Wj90OZmnbjfTjhk3LGOD78483ShYJtcgbHJa+ZlteuI5ahIAslOMTESCtocSCdey"
        + "y6TtAkEAuXkgKxgy7qEzE7veCd81rI2A/F1YVXpntQucrJXsdJVgXSGBg4eN5h72"
        + "Boy2IliijTMY34vcAC00/2G6qRaXMQJATVqWJwh5WWjV76onoyCqvRDsBrt9qVnj"
        + "jxxxtIVgQ8PqgXGI6X1j2x72Jgdkop8hyy2jsNTDX+HPYKTg3kmuBQJBALIq942+"
        + "POSR3weNizRLAzR8+MrXr//moNnZSIMac564TPEEMCvnXxnxUVtHjWKfdbhjfIIO"
        + "BCUuVwROtL7Nhws="

    static let small = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIBOwIBAAJBANiB8pRxeRYyWAUa3ygvmXk7FgaWMW51Bomk5ZEcwpXWUfK6JXis
        BPwyfWCdBdaVxsfUVajX1Svx7R5GZ1ukTeUCAwEAAQJAZdfasBEgkFxmIyCc0F5z
        px8wITENV5Qc2yqCAlyw+6HTsOYcj7npmXpa0aBOCVhXaahlKT35him2qyQMp6tA
        gQIhAO5ma0tFDr/m5maCLd4JQd3NDdnIakbT5Jl+dgQGpYcpAiEA6H3HBImXaajg
        9qYjsLT+VoLdesRVe/lbpPbrIQi7FF0CIGCCn9751u3DKPTIsI7ZioujLn9Czhtc
        PogRFO+uTSZ5AiEAvHh6Retkm3sUI987P5z6MheUhFl1EzNqX6jro7P4NOECIQC/
        Xzgxj4lNgaPe1oT5AVhv77tcrIkMw39tbOzFX0C/iw==
        -----END RSA PRIVATE KEY-----
        """
}
