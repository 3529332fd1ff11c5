import DNS
import LibCrypto
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// P5: attacks on signatures and keys.
@Suite struct DKIMAttackTests {
    private static let rsaName = "rsa._domainkey.football.example.com"
    private static let edName = "ed._domainkey.football.example.com"

    // MARK: l=

    /// A mail whose signature covers as much of the body as `l=` says.
    private func limited(_ limit: Int, body: String) throws -> String {
        let header = "From: joe@football.example.com\r\n\r\n"
        let key = BodyHashKey(canonicalization: .simple, hash: .sha256, limit: limit)
        var hashes = BodyHashes([key])
        Array(body.utf8).withUnsafeBytes { hashes.append($0) }
        hashes.finish()
        let field = try LimitedSignature(limit: limit, bodyHash: hashes.result(key).digest ?? [0])
            .field(for: header)
        return field + header + body
    }

    @Test("P5 l= truncation: what was added passes, and is counted", arguments: [0, 3, 5])
    func truncation(_ limit: Int) async throws {
        let bench = SigningBench()
        let mail = try limited(limit, body: "one\r\n")
        let added = "<script>evil</script>\r\n"
        for (attack, unsigned) in [("", 5 - limit), (added, 5 - limit + added.utf8.count)] {
            let outcome = await bench.verify(mail + attack)[0]
            #expect(outcome.result == .pass)
            #expect(outcome.isBodyLengthLimited)
            #expect(outcome.bodyLengthLimit == limit)
            #expect(outcome.unsignedBytes == unsigned)
        }
    }

    @Test("P5 l= beyond the body is no pass", arguments: [6, 1_000_000, Int.max])
    func limitBeyondTheBody(_ limit: Int) async throws {
        let bench = SigningBench()
        let outcome = await bench.verify(try limited(limit, body: "one\r\n"))[0]
        #expect(outcome.reason == .bodyTooShort(limit: limit, length: 5))
        #expect(outcome.result == .fail)
        #expect(outcome.unsignedBytes == 0)
    }

    // MARK: Many signatures

    @Test("P5 a hundred signatures: ten are verified, and the rest is told")
    func manySignatures() async throws {
        let bench = SigningBench()
        let signed = try bench.signed()
        let field = String(signed.dropLast(SigningBench.mail.count))
        let mail = String(repeating: field, count: 100) + SigningBench.mail
        let outcomes = await bench.verify(mail)
        #expect(outcomes.count == 11)
        #expect(outcomes.prefix(10).allSatisfy { $0.result == .pass })
        #expect(outcomes.last?.reason == .notRead(count: 90))
        #expect(outcomes.last?.result == .neutral)
        #expect(bench.zone.asked.count == 1)
    }

    @Test("P5 a hundred signatures of a hundred domains ask for ten keys")
    func manyDomains() async throws {
        let bench = SigningBench()
        let signed = try bench.signed()
        let field = String(signed.dropLast(SigningBench.mail.count))
        let fields = (0..<100).map {
            field.replacing("d=football.example.com", with: "d=d\($0).example.com")
        }
        let outcomes = await bench.verify(fields.joined() + SigningBench.mail)
        #expect(outcomes.count == 11)
        #expect(bench.zone.asked.count == 10)
    }

    @Test("P5 at the number's edge", arguments: [10, 11])
    func signaturesAtTheLimit(_ count: Int) async throws {
        let bench = SigningBench()
        let field = String(try bench.signed().dropLast(SigningBench.mail.count))
        let mail = String(repeating: field, count: count) + SigningBench.mail
        #expect(await bench.verify(mail).filter { $0.result == .pass }.count == 10)
    }

    // MARK: RSA keys

    @Test(
        "P5 an RSA key of another size than is accepted is not computed with",
        arguments: [
            (512, DKIMResult.policy), (1023, .policy), (4097, .policy), (8192, .policy),
            (16_384, .policy), (65_536, .policy),
        ])
    func keySizes(_ bits: Int, _ result: DKIMResult) async throws {
        let bench = SigningBench()
        let key = TestDER.publicKey(bits: bits)
        bench.zone.put(
            Self.rsaName, .txt, .success(DNSAnswer(.records([.text([Array("p=\(key)".utf8)])]))))
        let outcome = await DKIMVerifier(
            resolver: bench.zone, rsa: NoArithmetic(), time: bench.time
        ).verify(SignedMail(Array(try bench.signed().utf8)))[0]
        #expect(outcome.reason == .keySize(bits: bits, accepted: 1024...4096))
        #expect(outcome.result == result)
        #expect(outcome.keyBits == bits)
    }

    @Test("P5 RSA keys at the edges of what is accepted", arguments: [1024, 4096])
    func keySizesThatAreTaken(_ bits: Int) async throws {
        let bench = SigningBench()
        bench.zone.put(Self.rsaName, .txt, [.txt("p=\(TestDER.publicKey(bits: bits))")])
        let outcome = await bench.verify(try bench.signed())[0]
        #expect(outcome.reason == .headerDiffers)
        #expect(outcome.keyBits == bits)
    }

    @Test(
        "P5 malformed RSA keys are no keys, and nothing crashes",
        arguments: [
            TestDER.key(modulus: [0x80] + Array(repeating: 1, count: 127), exponent: [1]),
            TestDER.key(modulus: [0x80] + Array(repeating: 1, count: 127), exponent: [2]),
            TestDER.key(modulus: [0x80] + Array(repeating: 1, count: 127), exponent: [0]),
            TestDER.key(
                modulus: [0x80] + Array(repeating: 1, count: 127),
                exponent: Array(repeating: 1, count: 9)),
            TestDER.key(modulus: [0x80] + Array(repeating: 2, count: 127), exponent: [1, 0, 1]),
            TestDER.key(modulus: [0], exponent: [3]), TestDER.key(modulus: [], exponent: []),
            [0x30], [0x30, 0x80], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0x02, 0x01, 0x03], Array("text".utf8),
            [0x30, 0x06, 0x02, 0x01, 0x83, 0x02, 0x01, 0x03],
        ])
    func malformedKeys(_ der: [UInt8]) async throws {
        let bench = SigningBench()
        bench.zone.put(Self.rsaName, .txt, [.txt("p=\(TestDER.base64(der))")])
        let outcome = await bench.verify(try bench.signed())[0]
        #expect(outcome.reason == .key(.unusableKey))
        #expect(outcome.result == .permerror)
    }

    @Test("P5 a key cut off at any byte, and one with more behind it")
    func cutKeys() async throws {
        let bench = SigningBench()
        let signed = try bench.signed()
        let whole = TestDER.key(bits: 1024)
        for count in whole.indices {
            let cut = TestDER.base64(Array(whole.prefix(count)))
            bench.zone.put(Self.rsaName, .txt, [.txt("p=\(cut)")])
            #expect(await bench.verify(signed)[0].result == .permerror)
        }
        let longer = TestDER.base64(TestDER.key(bits: 1024) + [0])
        bench.zone.put(Self.rsaName, .txt, [.txt("p=\(longer)")])
        #expect(await bench.verify(signed)[0].reason == .key(.unusableKey))
    }

    @Test("P5 an RSA signature of another length than its key", arguments: [1, 127, 129, 4096])
    func signatureLengths(_ count: Int) async throws {
        let bench = SigningBench()
        let forged = TestDER.base64(Array(repeating: 0, count: count))
        let outcome = await bench.verify(
            try bench.signed().withSignature { _ in forged })[0]
        #expect(outcome.reason == .headerDiffers)
    }

    // MARK: Ed25519

    @Test("P5 Ed25519 malleability: the same signature with its number not reduced")
    func ed25519NotReduced() async throws {
        let bench = SigningBench()
        let signed = try bench.signed(by: .ed25519)
        let outcome = await bench.verify(
            signed.withSignature { TestDER.base64(Ed25519Order.added(to: TestDER.bytes($0))) })[0]
        #expect(outcome.reason == .headerDiffers)
        #expect(outcome.result == .fail)
    }

    @Test(
        "P5 Ed25519 keys of small order, in every spelling, are no keys", arguments: SmallOrder.keys
    )
    func ed25519SmallOrder(_ key: [UInt8]) async throws {
        let bench = SigningBench()
        bench.zone.put(Self.edName, .txt, [.txt("k=ed25519; p=\(TestDER.base64(key))")])
        // With the neutral point as key, this one fits every mail.
        let forged = TestDER.base64([1] + Array(repeating: 0, count: 63))
        for mail in [
            try bench.signed(by: .ed25519),
            try bench.signed(by: .ed25519).withSignature { _ in forged },
        ] {
            #expect(await bench.verify(mail)[0].reason == .key(.unusableKey))
        }
    }

    @Test("P5 Ed25519 keys of another length", arguments: [1, 31, 33, 44, 64])
    func ed25519Lengths(_ count: Int) async throws {
        let bench = SigningBench()
        let key = TestDER.base64(Array(repeating: 7, count: count))
        bench.zone.put(Self.edName, .txt, [.txt("k=ed25519; p=\(key)")])
        let outcome = await bench.verify(try bench.signed(by: .ed25519))[0]
        #expect(outcome.reason == .key(.unusableKey))
    }

    @Test("P5 Ed25519 signatures of another length", arguments: [1, 63, 65, 128])
    func ed25519SignatureLengths(_ count: Int) async throws {
        let bench = SigningBench()
        let forged = TestDER.base64(Array(repeating: 7, count: count))
        let outcome = await bench.verify(
            try bench.signed(by: .ed25519).withSignature { _ in forged })[0]
        #expect(outcome.reason == .headerDiffers)
    }

    // MARK: Old and other signatures

    @Test("P5 rsa-sha1 is told and not accepted")
    func sha1() async throws {
        let bench = SigningBench()
        let outcome = await bench.verify(
            try bench.signed().replacing("a=rsa-sha256", with: "a=rsa-sha1"))[0]
        #expect(outcome.reason == .historicAlgorithm("rsa-sha1"))
        #expect(outcome.result == .permerror)
        #expect(bench.zone.asked.isEmpty)
    }

    @Test("P5 expired x= is no pass")
    func expired() async throws {
        let bench = SigningBench()
        let signed = try bench.signed { $0.lifetimeSeconds = 3600 }
        bench.time.advance(seconds: 3601)
        let outcome = await bench.verify(signed)[0]
        #expect(outcome.reason == .expired(at: 1_790_003_600))
        #expect(outcome.result == .permerror)
    }

    @Test("P5 replay cannot be seen: the same mail to somebody else passes")
    func replay() async throws {
        let bench = SigningBench()
        let signed = try bench.signed()
        let replayed = "Received: from elsewhere\r\nDelivered-To: victim@example.net\r\n" + signed
        #expect(await bench.verify(signed)[0].result == .pass)
        #expect(await bench.verify(replayed)[0].result == .pass)
    }

    @Test(
        "P1 a signature that is no signature brings no line into what is told of it",
        arguments: [
            ("i=x=0D=0Aevil:=20y@football.example.com", SignatureDefect.unusable(tag: "i")),
            ("i=x=00@football.example.com", .unusable(tag: "i")),
        ])
    func controlCharacters(_ tag: String, _ defect: SignatureDefect) async throws {
        let bench = SigningBench()
        let outcome = await bench.verify(try bench.signed().replacing("q=dns/txt", with: tag))[0]
        #expect(outcome.reason == .unreadable(defect))
        let folded = try bench.signed().replacing("a=rsa-sha256", with: "a=rsa\r\n evil")
            .replacing("s=rsa", with: "s=a\r\n\tb")
        let told = await bench.verify(folded)[0]
        #expect(told.algorithm == "rsa?? evil")
        #expect(told.selector == "a???b")
        #expect(told.reason == .unreadable(.unknownAlgorithm("rsa?? evil")))
    }

    // MARK: Time

    @Test("P5 names without end in h=, over fields without end, take linear time")
    func manyNamesOverManyFields() async throws {
        let bench = SigningBench()
        let names = Array(repeating: "x", count: 20_000).joined(separator: ":")
        let fields = String(repeating: "X: y\r\n", count: 20_000)
        let signed = try bench.signed().replacing(" h=", with: " h=\(names):")
        let clock = ContinuousClock()
        let start = clock.now
        let outcomes = await bench.verify(
            String(repeating: String(signed.dropLast(SigningBench.mail.count)), count: 10)
                + fields + SigningBench.mail)
        #expect(outcomes.allSatisfy { $0.reason == .headerDiffers })
        #expect(start.duration(to: clock.now) < .seconds(20))
    }
}

/// An engine that must not be asked.
private struct NoArithmetic: RSACryptography {
    func publicKey(_ numbers: RSAPublicNumbers) -> (any RSAPublicKey)? {
        Issue.record("a key of \(numbers.bits) bits was given to the engine")
        return nil
    }

    func privateKey(_ encoded: [UInt8]) -> (any RSAPrivateKey)? { nil }
}

extension String {
    /// The value of the topmost `b=` replaced, without its folding.
    fileprivate func withSignature(_ change: (String) -> String) -> String {
        guard let begin = range(of: " b=")?.upperBound,
            let end = range(of: "\r\nFrom:", after: begin)?.lowerBound
        else { return self }
        let value = self[begin..<end].filter { !$0.isWhitespace }
        return self[..<begin] + change(String(value)) + self[end...]
    }

    private func range(of text: String, after: Index? = nil) -> Range<Index>? {
        self[(after ?? startIndex)...].firstRange(of: text)
    }
}
