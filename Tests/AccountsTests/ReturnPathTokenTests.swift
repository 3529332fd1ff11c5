import Accounts
import MailModel
import TestSupport
import Testing

@Suite struct ReturnPathTokenTests {
    private let key: ReturnPathToken.Key
    private let other: ReturnPathToken.Key
    private let mail: MessageID

    init() throws {
        key = .init(try #require(RootKey(Array(repeating: 7, count: 32))))
        other = .init(try #require(RootKey(Array(repeating: 8, count: 32))))
        mail = MessageID(at: ManualTime().now(), random: CountingRandom())
    }

    @Test(arguments: [0, 1, 49, 255] as [UInt8])
    func readsWhatItMade(_ position: UInt8) {
        let token = ReturnPathToken(mail: mail, position: position)
        let text = key.text(token)
        #expect(text.utf8.count == ReturnPathToken.length)
        #expect(text.utf8.allSatisfy { "0123456789abcdefghijklmnopqrstuv".utf8.contains($0) })
        #expect(key.token(text) == token)
        #expect(key.token(text.uppercased()) == token)
        #expect(other.token(text) == nil)
    }

    @Test func oneByteMakesItAnother() {
        let text = Array(key.text(ReturnPathToken(mail: mail, position: 0)).utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : 48
            #expect(key.token(String(decoding: changed, as: UTF8.self)) == nil)
        }
    }

    @Test(arguments: [
        "", "postmaster", String(repeating: "0", count: 55), String(repeating: "0", count: 56),
        String(repeating: "0", count: 57), String(repeating: "w", count: 56),
        String(repeating: "é", count: 28), String(repeating: "@", count: 56),
    ])
    func takesNothingElse(_ text: String) {
        #expect(key.token(text) == nil)
    }
}
