import MailModel
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// How mails wait for buckets on other servers.
@Suite(.timeLimit(.minutes(1))) struct BucketRoomTests {
    /// Puts into `far` wait until they are let.
    private final class Gate: Sendable {
        private struct State {
            var waiting: [CheckedContinuation<Void, Never>] = []
            var seen = 0
            var isOpen = false
        }

        private let state = Mutex(State())

        var seen: Int { state.withLock { $0.seen } }

        func wait(for objects: [ObjectToPut]) async {
            guard objects.contains(where: { $0.bucket == "far" }) else { return }
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    state.seen += objects.count
                    guard !state.isOpen else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                defer { (state.isOpen, state.waiting) = (true, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Twenty mails wait for a bucket that does not answer; it has two of them at once, a mail that is
    /// stored in a folder does not wait for them, and afterwards each is stored once.
    @Test func aDeadBucketHoldsUpItsOwnMailsAlone() async throws {
        func rule(_ name: String, _ bucket: String, then: [ReceiptAction] = []) -> ReceiptRule {
            ReceiptRule(
                name: name, isEnabled: true, tlsPolicy: .optional,
                recipients: [.address(localPart: name, domain: "ours.example")],
                actions: [
                    .store(bucket: bucket, prefix: nil, topic: nil, onFailure: .hold)
                ] + then, isScanEnabled: false)
        }
        let gate = Gate()
        let near = ReceiptAction.store(bucket: "mail", prefix: "both", topic: nil, onFailure: .hold)
        let acting = try await Acting(
            [rule("dead", "far", then: [near]), rule("live", "mail")], farBuckets: ["far": 2])
        acting.objects.whenPut.withLock { $0 = { await gate.wait(for: $0) } }
        try await acting.run { acting in
            var waiting: [MailID] = []
            for _ in 1...20 {
                waiting.append(try await acting.receive(to: ["dead@ours.example"]))
            }
            while gate.seen < 2 { await Task.yield() }
            let mail = try await acting.receive(to: ["live@ours.example"])
            await acting.ended.retirement(of: mail)
            #expect(gate.seen == 2)
            #expect(acting.storedFiles == ["\(mail)"])
            gate.open()
            for mail in waiting {
                await acting.ended.retirement(of: mail)
                #expect(try await acting.journal(mail) == ["dead/0:done", "dead/1:done"])
            }
            #expect(gate.seen == 20)
            #expect(acting.storedFiles.count == 21)
        }
    }
}
