import Accounts
import MailFlow
import MailModel
import Storage
import TestSupport
import Testing

/// Passwords cannot be guessed faster by coming again.
@Suite struct LoginsTests {
    private let time = ManualTime()
    /// Its store is open as long as it is there.
    private let receiving: Receiving
    private let made: Credentials.Made
    private let logins: Logins

    init() async throws {
        let root = try #require(RootKey([UInt8](repeating: 7, count: RootKey.bytesCount)))
        receiving = try await Receiving()
        let credentials = Credentials(
            store: receiving.store, box: SecretBox(root), regions: ["eu-west-1"],
            time: time, random: CountingRandom())
        made = try await credentials.create(name: "shop")
        let friends = try #require(CIDRBlock("203.0.113.0/24"))
        logins = Logins(
            credentials: credentials, failuresPerMinuteMax: 3,
            filters: AddressFilters([
                AddressFilters.Filter(name: "friends", policy: .allow, block: friends)
            ]), time: time)
    }

    private func logIn(_ address: String, isRight: Bool) -> LoginOutcome {
        logins.logIn(
            PasswordLogin(user: made.key.id, password: isRight ? made.smtpPassword : "guess"),
            peerAddress: address)
    }

    private var accepted: LoginOutcome {
        .accepted(Submitter(keyID: made.key.id, name: "shop"))
    }

    @Test func afterSoManyFailuresNoPasswordIsLookedAt() {
        for _ in 0..<3 { #expect(logIn("192.0.2.1", isRight: false) == .refused) }
        #expect(logIn("192.0.2.1", isRight: false) == .tooManyFailures)
        #expect(logIn("192.0.2.1", isRight: true) == .tooManyFailures)
        #expect(logIn("192.0.2.2", isRight: true) == accepted)
        time.advance(seconds: 120)
        #expect(logIn("192.0.2.1", isRight: true) == accepted)
    }

    @Test func onlyFailuresCount() {
        for _ in 0..<10 { #expect(logIn("192.0.2.1", isRight: true) == accepted) }
        for _ in 0..<3 { #expect(logIn("192.0.2.1", isRight: false) == .refused) }
    }

    /// A program with the right password, which tries again and again, gets in once the guesses
    /// are over.
    @Test func nobodyIsKeptOutByLoginsThatWereNotLookedAt() {
        for _ in 0..<3 { #expect(logIn("192.0.2.1", isRight: false) == .refused) }
        var outcomes: [LoginOutcome] = []
        for _ in 0..<12 {
            outcomes.append(logIn("192.0.2.1", isRight: true))
            time.advance(seconds: 10)
        }
        #expect(outcomes.first == .tooManyFailures)
        #expect(outcomes.last == accepted)
    }

    /// However often they come, no more are looked at than the limit and what it lets in again.
    @Test func whoGoesOnGuessingIsLookedAtSeldom() {
        var refused = 0
        for _ in 0..<600 {
            if logIn("192.0.2.1", isRight: false) == .refused { refused += 1 }
            time.advance(seconds: 1)
        }
        #expect((3...40).contains(refused))
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::2:2", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("192.0.2.1", "192.0.2.2", false),
    ])
    func isOfOneNetwork(_ one: String, _ other: String, isOne: Bool) {
        for _ in 0..<3 { _ = logIn(one, isRight: false) }
        #expect((logIn(other, isRight: true) == .tooManyFailures) == isOne)
    }

    @Test(arguments: ["127.0.0.1", "::1", "203.0.113.9"])
    func isExempt(_ address: String) {
        for _ in 0..<10 { #expect(logIn(address, isRight: false) == .refused) }
        #expect(logIn(address, isRight: true) == accepted)
    }
}
