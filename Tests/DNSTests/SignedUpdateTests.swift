import DNS
import MailModel
import TestSupport
import Testing

@Suite struct SignedUpdateTests {
    private static let time = Timestamp(milliseconds: 1_790_000_000_000)
    private static let zone = Domain(validatedASCII: "service.example")

    private static func key(
        _ name: String = "Martlet", _ algorithm: TSIGKey.Algorithm = .sha256, secret: UInt8 = 0x0B
    ) -> TSIGKey {
        guard
            let key = TSIGKey(
                name: Domain(validatedASCII: name.lowercased()), algorithm: algorithm,
                secret: Array(repeating: secret, count: 32))
        else { preconditionFailure("a secret of its length") }
        return key
    }

    private static let changes: [ZoneChange] = [
        .removeAll(Domain(validatedASCII: "a.dkim.service.example"), .txt),
        .add(
            ZoneRecord(
                Domain(validatedASCII: "a.dkim.service.example"),
                .text([Array("v=DKIM1; ".utf8), Array("p=AAAA".utf8)]), secondsToLive: 1_800)),
        .remove(zone, .exchange(preference: 10, host: Domain(validatedASCII: "old.example"))),
        .add(ZoneRecord(zone, .exchange(preference: 10, host: zone), secondsToLive: 60)),
    ]

    private static func update(_ key: TSIGKey = key()) -> SignedUpdate {
        SignedUpdate(id: 0x1234, zone: zone, changes: changes, key: key, at: time)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        let pairs = bytes.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }
        return stride(from: 0, to: pairs.count, by: 32).map {
            pairs[$0..<min($0 + 32, pairs.count)].joined(separator: " ")
        }.joined(separator: "\n") + "\n"
    }

    @Test func theBytesAreAsTheyWere() throws {
        let path = ProjectFiles.fixture("zones/update.hex")
        let text = TSIGKey.Algorithm.allCases.map {
            Self.hex(Self.update(Self.key("Martlet", $0)).bytes)
        }
        .joined(separator: "\n")
        #expect(try Golden.text(path, updatedTo: text) == text)
    }

    @Test func aMessageIsBelowWhatTCPTakesAtItsFullest() {
        let name = Domain(
            validatedASCII: Array(repeating: String(repeating: "a", count: 61), count: 4)
                .joined(separator: "."))
        let text = DNSRecord.text(Array(repeating: Array(repeating: 0x61, count: 255), count: 2))
        let changes = Array(
            repeating: ZoneChange.add(ZoneRecord(name, text, secondsToLive: 1)),
            count: UpdateMessage.changesMax)
        let update = SignedUpdate(
            id: 1, zone: name, changes: changes, key: Self.key(), at: Self.time)
        #expect(update.bytes.count > 40_000 && update.bytes.count <= 65_535)
    }

    @Test func aShortSecretIsNoKey() {
        let name = Self.zone
        let short = Array(repeating: 1 as UInt8, count: TSIGKey.secretBytesMin - 1)
        #expect(TSIGKey(name: name, algorithm: .sha256, secret: short) == nil)
        #expect(TSIGKey(name: name, algorithm: .sha256, secret: short + [1]) != nil)
        #expect("\(Self.key())" == "hmac-sha256 martlet")
    }

    // MARK: Answers

    /// How a server's answer differs from one that says that all was done.
    struct Answer: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var failure: ZoneUpdateFailure?
        var code: UInt8 = 0
        var id: UInt16 = 0x1234
        var isSigned = true
        var key = SignedUpdateTests.key()
        var secondsApart: Int64 = 0
        var error: UInt16 = 0
        var other: [UInt8] = []
        /// Done to the bytes at the end.
        var change: @Sendable ([UInt8]) -> [UInt8] = { $0 }

        init(
            _ name: String, _ failure: ZoneUpdateFailure?, _ body: (inout Answer) -> Void = { _ in }
        ) {
            testDescription = name
            self.failure = failure
            body(&self)
        }
    }

    static let answers = [
        Answer("done", nil),
        Answer("refused", .refused(code: 5)) { $0.code = 5 },
        Answer("not its zone", .refused(code: 9)) { $0.code = 9 },
        Answer("outside the zone", .refused(code: 10)) { $0.code = 10 },
        Answer("refused, unsigned", .refused(code: 5)) {
            $0.code = 5
            $0.isSigned = false
        },
        Answer("done, unsigned", .unsigned) { $0.isSigned = false },
        Answer("done, by another secret", .forged) { $0.key = key(secret: 1) },
        Answer("done, by another key", .forged) { $0.key = key("other") },
        Answer("done, by another algorithm", .forged) { $0.key = key("martlet", .sha512) },
        Answer("done, changed on the way", .forged) {
            $0.change = { [$0[0], $0[1], $0[2], $0[3] ^ 0x10] + $0[4...] }
        },
        Answer("bad signature", .badSignature) {
            $0.code = 9
            $0.error = 16
        },
        Answer("bad key", .badKey) {
            $0.code = 9
            $0.error = 17
        },
        Answer("bad signature, but done", .refused(code: 0)) { $0.error = 16 },
        Answer("bad time", .clocks(secondsAhead: 600)) {
            $0.code = 9
            $0.error = 18
            let theirs = UInt64(time.milliseconds / 1_000 + 600)
            $0.other = (0..<6).reversed().map { UInt8(truncatingIfNeeded: theirs >> ($0 * 8)) }
        },
        Answer("bad time, unsaid", .clocks(secondsAhead: nil)) {
            $0.code = 9
            $0.error = 18
        },
        Answer("as far apart as may be", nil) { $0.secondsApart = -300 },
        Answer("farther", .clocks(secondsAhead: -301)) { $0.secondsApart = -301 },
        Answer("to another question", .malformed) { $0.id = 0x1235 },
        Answer("nothing", .malformed) { $0.change = { _ in [] } },
        Answer("cut short", .malformed) { $0.change = { Array($0.dropLast()) } },
        Answer("bytes behind it", .malformed) { $0.change = { $0 + [0] } },
        Answer("our own question", .malformed) { $0.change = { _ in update().bytes } },
    ]

    @Test(arguments: answers) func anAnswerSaysWhatWasDone(_ answer: Answer) {
        let update = Self.update()
        let bytes = ServerSide.answer(
            to: update.bytes, id: answer.id, code: answer.code,
            key: answer.isSigned ? answer.key : nil,
            at: Self.time.advanced(bySeconds: answer.secondsApart), error: answer.error,
            other: answer.other)
        var failure: ZoneUpdateFailure?
        do throws(ZoneUpdateFailure) {
            try update.check(answer.change(bytes), at: Self.time)
        } catch {
            failure = error
        }
        #expect(failure == answer.failure)
        if let failure { #expect(!"\(failure)".isEmpty && !failure.advice.isEmpty) }
    }
}
