import MailFlow
import Testing

/// When mail is turned away because too much waits, and when it is taken again. Each limit at its
/// edge.
@Suite struct LoadSheddingTests {
    private static let limits = LoadLimits(
        commitSecondsMax: 10, commitsWaitingMax: 100, actionsWaitingMax: 1_000)

    private func load(_ commits: Int = 0, _ actions: Int = 0, ended: Int = 0) -> Load {
        Load(commitsEnded: ended, commitsWaiting: commits, actionsWaiting: actions)
    }

    @Test(arguments: [
        (100, 1_000, LoadShedding.Cause?.none), (101, 0, .commitsWaiting),
        (0, 1_001, .actionsWaiting), (101, 1_001, .commitsWaiting),
    ])
    func shedsBeyondALimit(commits: Int, actions: Int, cause: LoadShedding.Cause?) {
        let shedding = Shedding(Self.limits)
        #expect(shedding.note(load(commits, actions, ended: 1), at: 1_000) == (cause != nil))
        #expect(shedding.cause == cause)
    }

    @Test func shedsWhileNoCommitEnds() {
        let shedding = Shedding(Self.limits)
        _ = shedding.note(load(0, ended: 7), at: 1_000)
        #expect(shedding.note(load(1, ended: 7), at: 11_000) == false)
        #expect(shedding.note(load(1, ended: 7), at: 11_001))
        #expect(shedding.cause == .commitsSlow)
    }

    @Test func shedsWhileCommitsFail() {
        let shedding = Shedding(Self.limits)
        func load(_ isRefused: Bool) -> Load {
            Load(commitsEnded: 1, isRefused: isRefused, commitsWaiting: 0, actionsWaiting: 0)
        }
        #expect(shedding.note(load(true), at: 1_000))
        #expect(shedding.cause == .commitsRefused)
        #expect(shedding.note(load(false), at: 2_000) == false)
        #expect(shedding.note(load(false), at: 6_999) == false)
        #expect(shedding.note(load(false), at: 7_000))
        #expect(shedding.cause == nil)
    }

    @Test func doesNotShedWhileNothingWaitsOrCommitsEnd() {
        let shedding = Shedding(Self.limits)
        for second: Int64 in 1...60 {
            let idle = second.isMultiple(of: 9)
            let load = load(idle ? 0 : 50, ended: Int(second) / 9)
            #expect(shedding.note(load, at: second * 1_000) == false)
        }
        #expect(shedding.cause == nil)
    }

    /// Half of each limit, for five seconds on end.
    @Test func takesMailAgainOnceAllIsCalm() {
        let shedding = Shedding(Self.limits)
        #expect(shedding.note(load(0, 1_001), at: 1_000))
        #expect(shedding.note(load(0, 501), at: 2_000) == false)
        #expect(shedding.note(load(0, 500), at: 3_000) == false)
        #expect(shedding.note(load(0, 501), at: 4_000) == false)
        #expect(shedding.note(load(50, 500, ended: 1), at: 5_000) == false)
        #expect(shedding.note(load(50, 500, ended: 2), at: 9_999) == false)
        #expect(shedding.cause == .actionsWaiting)
        #expect(shedding.note(load(50, 500, ended: 3), at: 10_000))
        #expect(shedding.cause == nil)
    }

    /// No excess, but more than half of the time passes between two of them.
    @Test func commitsThatAreStillRareAreNoCalm() {
        let shedding = Shedding(Self.limits)
        #expect(shedding.note(load(1), at: 10_001))
        for second: Int64 in 11...100 {
            _ = shedding.note(load(1, ended: Int(second - 5) / 6), at: second * 1_000 + 1)
            _ = shedding.note(load(1, ended: Int(second - 5) / 6), at: second * 1_000 + 999)
        }
        #expect(shedding.cause == .commitsSlow)
    }

    /// The flow turns away new sessions and new mails, and goes on as before.
    @Test func theFlowTurnsAway() async throws {
        let receiving = try await Receiving()
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .admitted)
        receiving.flow.shed(true)
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .refused(.overloaded))
        #expect(receiving.flow.isOpen)
        receiving.flow.shed(false)
        #expect(receiving.flow.admit(peerAddress: "192.0.2.1") == .admitted)
    }
}

/// A `LoadShedding` that expectations may ask.
private final class Shedding {
    private var value: LoadShedding

    init(_ limits: LoadLimits) {
        value = LoadShedding(limits, at: 0)
    }

    var cause: LoadShedding.Cause? { value.cause }

    func note(_ load: Load, at now: Int64) -> Bool { value.note(load, at: now) }
}
