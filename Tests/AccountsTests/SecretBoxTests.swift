import Accounts
import Testing

@Suite struct SecretBoxTests {
    private let box: SecretBox
    private let other: SecretBox

    init() throws {
        box = SecretBox(try #require(RootKey(Array(repeating: 7, count: 32))))
        other = SecretBox(try #require(RootKey(Array(repeating: 8, count: 32))))
    }

    @Test(arguments: [0, 31, 33, 64])
    func aKeyHasItsLength(_ count: Int) {
        #expect(RootKey(Array(repeating: 7, count: count)) == nil)
    }

    @Test(arguments: [0, 1, 40, 4_096])
    func opensWhatItSealed(_ count: Int) throws {
        let secret = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = box.seal(secret, for: "here")
        #expect(sealed.count == count + SecretBox.overheadBytes)
        #expect(try box.open(sealed, from: "here") == secret)
        #expect(box.seal(secret, for: "here") != sealed)
    }

    @Test func aSecretHasItsPlace() {
        let sealed = box.seal([1, 2, 3], for: "here")
        #expect(throws: SecretBox.Failure.damaged(place: "there")) {
            try box.open(sealed, from: "there")
        }
    }

    @Test func anotherKeyIsTold() throws {
        let sealed = box.seal([1, 2, 3], for: "here")
        let failure = try #require(throws: SecretBox.Failure.self) {
            try other.open(sealed, from: "here")
        }
        guard case .otherKey(let place, let wanted, let own) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(place == "here" && wanted != own && wanted.count == 8)
        #expect("\(failure)".contains("under the key \(wanted), and this is \(own)"))
    }

    @Test func everyChangedByteIsSeen() {
        let sealed = box.seal([1, 2, 3], for: "here")
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SecretBox.Failure.self) { try box.open(changed, from: "here") }
        }
        for length in 0..<sealed.count {
            #expect(throws: SecretBox.Failure.self) {
                try box.open(Array(sealed.prefix(length)), from: "here")
            }
        }
    }
}
