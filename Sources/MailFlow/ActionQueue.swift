package import MailModel
package import NIOCore
package import RuleEngine
package import Storage
import Synchronization

/// A committed mail whose actions are to run, with what is known of it without asking the store.
package struct WaitingMail: Sendable {
    package var record: MailRecord
    /// Head and raw mail, where they came through memory and are still there.
    package var content: ByteBuffer?
    /// The journal as far as it has come.
    package var actions: [ActionKey: ActionRecord]
    /// Whether the record's verdicts are not in the store yet.
    var isFreshlyJudged = false

    package init(
        record: MailRecord, content: ByteBuffer?, actions: [ActionKey: ActionRecord] = [:]
    ) {
        self.record = record
        self.content = content
        self.actions = actions
    }

    /// What it takes of memory beside its content, bytes, about: its row and its journal, which has a
    /// row for each recipient where rules are asked for each.
    var rowBytes: Int {
        1_024 + 128 * record.envelope.recipients.count
            + actions.values.reduce(0) { sum, action in
                action.asks.reduce(sum + 512 + action.detail.utf8.count) { $0 + $1.askedBytes }
            }
            + (record.verdicts.map { $0.headerFields.utf8.count + 16 * $0.forgedFields.count } ?? 0)
    }

    /// The same with what was read of it, so that nobody has to read it again soon.
    func with(_ content: MailContent) -> WaitingMail {
        guard case .bytes(let bytes) = content else { return self }
        var mail = self
        mail.content = bytes
        return mail
    }
}

extension ReceiptAction {
    /// What it takes of memory, bytes, about; only replies have long texts.
    fileprivate var askedBytes: Int {
        guard case .reply(let reply) = self else { return 1_024 }
        return 1_024 + reply.text.utf8.count + (reply.html?.utf8.count ?? 0)
    }
}

/// The mails between their 250 and the runner, in memory and bounded.
///
/// A mail that finds the queue full is not lost: its row says that it is due, and the runner
/// fetches due rows each second, unless the queue is full. `claimed` names every mail that is
/// here or with the runner, so that none is taken twice.
package final class ActionQueue: Sendable {
    fileprivate struct State {
        // Taken from the front one by one, and up to thousands long.
        var waiting = CircularBuffer<WaitingMail>()
        /// Of their content.
        var waitingBytes = 0
        /// Of the rest.
        var rowBytes = 0
        var claimed: Set<MailID> = []
        /// Claimed, and held or removed by an operator since.
        var withdrawn: Set<MailID> = []
        var isClosed = false
        var sleepers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let waitingMax: Int
    private let waitingBytesMax: Int
    private let rowBytesMax: Int

    /// At most `waitingMax` mails wait in memory, with `waitingBytesMax` bytes of content and
    /// `rowBytesMax` bytes beside it.
    package init(
        waitingMax: Int = 2_000, waitingBytesMax: Int = 33_554_432, rowBytesMax: Int = 33_554_432
    ) {
        self.waitingMax = waitingMax
        self.waitingBytesMax = waitingBytesMax
        self.rowBytesMax = rowBytesMax
    }

    /// Takes a committed mail; called from the writer's thread, never blocks.
    package func offer(_ mail: WaitingMail) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isClosed else { return nil }
            let bytes = mail.content?.readableBytes ?? 0
            guard hasPlace(in: state), state.waitingBytes + bytes <= waitingBytesMax else {
                return nil
            }
            guard state.claimed.insert(mail.record.id).inserted else { return nil }
            state.append(mail)
            return state.takeSleeper()
        }
        sleeper?.resume()
    }

    /// Claims those of `mails` that nobody has claimed; returns them.
    func claim(_ mails: [MailID]) -> [MailID] {
        state.withLock { state in mails.filter { state.claimed.insert($0).inserted } }
    }

    /// Lets a claimed mail wait, behind those that wait already and whatever the bounds say: it
    /// was fetched from the store, or a slow action of it has ended. Where there is no room for its
    /// bytes they are read from the store again.
    func putBack(_ mail: WaitingMail) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            var mail = mail
            if state.waitingBytes >= waitingBytesMax { mail.content = nil }
            state.append(mail)
            return state.takeSleeper()
        }
        sleeper?.resume()
    }

    /// Ends the claim on mails whose pass is journalled.
    package func release(_ mails: [MailID]) {
        state.withLock { state in
            for mail in mails {
                state.claimed.remove(mail)
                state.withdrawn.remove(mail)
            }
        }
    }

    /// An operator held or removed `mail`: none of its actions begins any more.
    package func withdraw(_ mail: MailID) {
        state.withLock { state in
            if state.claimed.contains(mail) { state.withdrawn.insert(mail) }
        }
    }

    func isWithdrawn(_ mail: MailID) -> Bool { state.withLock { $0.withdrawn.contains(mail) } }

    /// Up to `limit` waiting mails; empty where none waits.
    package func take(_ limit: Int) -> [WaitingMail] {
        state.withLock { state in
            (0..<min(limit, state.waiting.count)).map { _ in state.takeFirst() }
        }
    }

    /// Whether no further mail should be brought here for now.
    var isFull: Bool {
        state.withLock { !hasPlace(in: $0) || $0.waitingBytes >= waitingBytesMax }
    }

    /// Whether there is a place for a mail, if not for its content.
    var hasPlace: Bool { state.withLock { hasPlace(in: $0) } }

    private func hasPlace(in state: State) -> Bool {
        state.waiting.count < waitingMax && state.rowBytes < rowBytesMax
    }

    var waitingCount: Int { state.withLock { $0.waiting.count } }

    var claimedCount: Int { state.withLock { $0.claimed.count } }

    /// Returns once a mail waits, the queue is woken or closed.
    func waitForMail() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if !state.waiting.isEmpty || state.isClosed { return true }
                state.sleepers.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    /// Makes no further mail wait; who waits is woken.
    func close() {
        let sleepers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isClosed = true
            return state.takeSleepers()
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
}

extension ActionQueue.State {
    fileprivate mutating func append(_ mail: WaitingMail) {
        waiting.append(mail)
        waitingBytes += mail.content?.readableBytes ?? 0
        rowBytes += mail.rowBytes
    }

    fileprivate mutating func takeFirst() -> WaitingMail {
        let mail = waiting.removeFirst()
        waitingBytes -= mail.content?.readableBytes ?? 0
        rowBytes -= mail.rowBytes
        return mail
    }

    /// One for each mail: who is woken takes what waits.
    fileprivate mutating func takeSleeper() -> CheckedContinuation<Void, Never>? {
        sleepers.popLast()
    }

    fileprivate mutating func takeSleepers() -> [CheckedContinuation<Void, Never>] {
        defer { sleepers = [] }
        return sleepers
    }
}
