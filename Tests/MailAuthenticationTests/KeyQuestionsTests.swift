import DNS
import LibCrypto
import MailAuthentication
import MailModel
import Synchronization
import Testing

/// How many questions one mail has the DNS answer at the same time.
@Suite struct KeyQuestionsTests {
    @Test("P5 ten signatures of ten domains ask for four keys at a time")
    func areFewAtATime() async throws {
        let bench = SigningBench()
        let field = String(try bench.signed().dropLast(SigningBench.mail.count))
        let fields = (0..<10).map {
            field.replacing("d=football.example.com", with: "d=d\($0).example.com")
        }
        let crowd = Crowd()
        let outcomes = await DKIMVerifier(
            resolver: crowd, rsa: LibCryptoRSA(), time: bench.time
        ).verify(SignedMail(Array((fields.joined() + SigningBench.mail).utf8)))
        #expect(outcomes.map(\.reason) == Array(repeating: .noKey, count: 10))
        #expect(crowd.asked == 10)
        #expect(crowd.most == 4)
    }
}

/// A DNS without any name that answers late, and counts who waits.
private final class Crowd: DNSResolver {
    private struct State {
        var asked = 0
        var waiting = 0
        var most = 0
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }
    var most: Int { state.withLock { $0.most } }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        state.withLock {
            $0.asked += 1
            $0.waiting += 1
            $0.most = max($0.most, $0.waiting)
        }
        // Long enough for all that may be asked to be asked.
        for _ in 0..<1_000 { await Task.yield() }
        state.withLock { $0.waiting -= 1 }
        return DNSAnswer(.noSuchName)
    }
}
