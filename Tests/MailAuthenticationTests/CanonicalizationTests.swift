import MailAuthentication
import Testing

/// RFC 6376 §3.4, with the example of RFC 6376 §3.4.5.
@Suite struct CanonicalizationTests {
    private func header(_ text: String, _ canonicalization: Canonicalization) -> String {
        let mail = MailFields(Array(text.utf8))
        var output: [UInt8] = []
        for field in mail.fields { canonicalization.append(field, of: mail.bytes, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        ("A: X\r\nB : Y\t\r\n\tZ  \r\n", "a:X\r\nb:Y Z\r\n"),
        ("Subject:\r\n", "subject:\r\n"),
        ("Subject: \t \r\n", "subject:\r\n"),
        ("SUBJect\t: AbC\r\n \t d\r\n  \r\n", "subject:AbC d\r\n"),
        ("a:b:c\r\n", "a:b:c\r\n"),
        // Bare line ends: LF ends a line as CRLF does, CR is a byte.
        ("a: b\n c\nd: e\n", "a:b c\r\nd:e\r\n"),
        ("a: b\rc\r\n", "a:b\rc\r\n"),
        // What is no field is passed over, with what continues it.
        ("no field\r\n at: all\r\na: b\r\n", "a:b\r\n"),
        ("a: b\r\n\r\nc: d\r\n", "a:b\r\n"),
        ("a: b", "a:b\r\n"),
        ("ä: b\r\na: ü\u{0}\r\n", "a:ü\u{0}\r\n"),
    ])
    func relaxesHeaders(_ text: String, _ canonical: String) {
        #expect(header(text, .relaxed) == canonical)
    }

    @Test(arguments: [
        ("A: X\r\nB : Y\t\r\n\tZ  \r\n", "A: X\r\nB : Y\t\r\n\tZ  \r\n"),
        ("a: b", "a: b\r\n"),
    ])
    func keepsSimpleHeaders(_ text: String, _ canonical: String) {
        #expect(header(text, .simple) == canonical)
    }

    static let bodies: [(body: String, simple: String, relaxed: String)] = [
        ("", "\r\n", ""),
        ("\r\n", "\r\n", ""),
        ("\r\n\r\n\r\n", "\r\n", ""),
        (" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"),
        ("a", "a\r\n", "a\r\n"),
        ("a \t", "a \t\r\n", "a\r\n"),
        ("a\r\n \t\r\n", "a\r\n \t\r\n", "a\r\n"),
        ("\t\r\n \r\n", "\t\r\n \r\n", ""),
        ("\r\n\r\na\r\n\r\nb", "\r\n\r\na\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n"),
        // Bare line ends are bytes.
        ("a \n\n", "a \n\n\r\n", "a \n\n\r\n"),
        ("a\r", "a\r\r\n", "a\r\r\n"),
        ("a \r\r\n", "a \r\r\n", "a \r\r\n"),
        ("a\r\n\r", "a\r\n\r\r\n", "a\r\n\r\r\n"),
        ("\r\r\n", "\r\r\n", "\r\r\n"),
    ]

    /// In one piece, byte by byte, and at every border of two pieces.
    @Test(arguments: bodies)
    func canonicalizesBodies(_ body: String, _ simple: String, _ relaxed: String) {
        for pieces in Self.splits(Array(body.utf8)) {
            #expect(Self.digest(of: pieces, .simple) == Self.digest(ofCanonical: simple))
            #expect(Self.digest(of: pieces, .relaxed) == Self.digest(ofCanonical: relaxed))
        }
    }

    /// Bodies in which everything stands beside everything, by a slow way that is plainly right.
    @Test(arguments: 0..<40)
    func canonicalizesAsTheSlowWay(_ seed: UInt64) {
        var random = Random(state: seed)
        let words = [" ", "\t", "\r\n", "\r", "\n", "a", "word", String(repeating: "x", count: 40)]
        for _ in 0..<20 {
            let count = Int(random.next() % 200)
            let body = (0..<count).map { _ in words[Int(random.next() % UInt64(words.count))] }
            let bytes = Array(body.joined().utf8)
            let cuts = (0..<4).map { _ in Int(random.next() % UInt64(bytes.count + 1)) }.sorted()
            let borders = [0] + cuts + [bytes.count]
            let pieces = zip(borders, borders.dropFirst()).map { bytes[$0..<$1] }
            for canonicalization in [Canonicalization.simple, .relaxed] {
                let expected = SlowBody.canonical(bytes, canonicalization)
                #expect(
                    Self.digest(of: pieces, canonicalization)
                        == Self.digest(ofCanonical: String(decoding: expected, as: UTF8.self)))
            }
        }
    }

    /// What `l=` takes of a body, at any split; no digest where the body is shorter.
    @Test(arguments: [Canonicalization.simple, .relaxed], [0, 1, 2, 5, 6, 7, 8])
    func limitsBodies(_ canonicalization: Canonicalization, _ limit: Int) {
        // Canonical in both ways, with its line end 7 bytes.
        let body = Array("abc d".utf8)
        let canonical = String("abc d\r\n".prefix(limit))
        for pieces in Self.splits(body) {
            let digest = Self.digest(of: pieces, canonicalization, limit: limit)
            guard limit <= 7 else {
                #expect(digest == nil)
                continue
            }
            let whole = BodyHashKey(canonicalization: .simple, hash: .sha256, limit: limit)
            var hashes = BodyHashes([whole])
            Array((canonical + "beyond the limit").utf8).withUnsafeBytes { hashes.append($0) }
            hashes.finish()
            #expect(digest == hashes.result(whole).digest)
        }
    }

    /// Many hashes of one body are those that each alone would have been.
    @Test func sharesOnePass() {
        let body = Array("a  b\r\n\r\nc \r\n".utf8)
        let keys = [Canonicalization.simple, .relaxed].flatMap { canonicalization in
            [SignatureHash.sha1, .sha256].flatMap { hash in
                [nil, 0, 3, 3, 7, 1000].map {
                    BodyHashKey(canonicalization: canonicalization, hash: hash, limit: $0)
                }
            }
        }
        var together = BodyHashes(Set(keys))
        body.withUnsafeBytes { together.append($0) }
        together.finish()
        for key in keys {
            var alone = BodyHashes([key])
            body.withUnsafeBytes { alone.append($0) }
            alone.finish()
            #expect(together.result(key).digest == alone.result(key).digest)
            #expect(together.result(key).length == alone.result(key).length)
        }
    }

    static func splits(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        let borders = (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] }
        return [[bytes[...]], bytes.indices.map { bytes[$0..<($0 + 1)] }] + borders
    }

    static func digest(
        of pieces: [ArraySlice<UInt8>], _ canonicalization: Canonicalization, limit: Int? = nil
    ) -> [UInt8]? {
        let key = BodyHashKey(canonicalization: canonicalization, hash: .sha256, limit: limit)
        var hashes = BodyHashes([key])
        for piece in pieces { piece.withUnsafeBytes { hashes.append($0) } }
        hashes.finish()
        return hashes.result(key).digest
    }

    /// Simple leaves a body as it is that ends in one line end, and `l=0` leaves none.
    static func digest(ofCanonical text: String) -> [UInt8]? {
        digest(of: [Array(text.utf8)[...]], .simple, limit: text.isEmpty ? 0 : nil)
    }
}

/// RFC 6376 §3.4.3 and RFC 6376 §3.4.4, line by line.
private enum SlowBody {
    static func canonical(_ body: [UInt8], _ canonicalization: Canonicalization) -> [UInt8] {
        var lines = lines(body)
        if canonicalization == .relaxed { lines = lines.map(relaxed) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return canonicalization == .simple ? [0x0D, 0x0A] : [] }
        return lines.flatMap { $0 + [0x0D, 0x0A] }
    }

    private static func lines(_ body: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for byte in body {
            if byte == 0x0A, lines[lines.count - 1].last == 0x0D {
                lines[lines.count - 1].removeLast()
                lines.append([])
            } else {
                lines[lines.count - 1].append(byte)
            }
        }
        return lines
    }

    private static func relaxed(_ line: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for byte in line {
            let byte: UInt8 = byte == 0x09 ? 0x20 : byte
            if byte == 0x20, output.last == 0x20 { continue }
            output.append(byte)
        }
        if output.last == 0x20 { output.removeLast() }
        return output
    }
}

/// Numbers that look random and are the same on every run.
struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
