import MailFlow
import MailModel
import NIOCore
import RuleEngine
import Storage
import Synchronization

/// Runs the work where it is submitted.
struct InlineThreads: BlockingThreads {
    func submit(_ work: @escaping @Sendable () -> Void) { work() }
}

/// Keeps the work until the test runs it.
final class HeldThreads: BlockingThreads {
    private let held = Mutex<[@Sendable () -> Void]>([])

    func submit(_ work: @escaping @Sendable () -> Void) {
        held.withLock { $0.append(work) }
    }

    /// Runs what waits; says how many pieces that were.
    @discardableResult
    func run() -> Int {
        let work = held.withLock { held in
            defer { held = [] }
            return held
        }
        for piece in work { piece() }
        return work.count
    }
}

final class Room: SpoolRoom {
    let bytes = Mutex(Int.max)
    func hasRoom(forBytes wanted: Int) -> Bool { bytes.withLock { wanted < $0 } }

    func take(bytes wanted: Int) -> Bool {
        bytes.withLock { bytes in
            guard wanted < bytes else { return false }
            bytes -= wanted
            return true
        }
    }
}

/// Body files in memory, with a fault to inject.
final class ScriptedBodies: BodyFiles {
    struct State {
        var files: [MailID: ByteBuffer] = [:]
        var finished: Set<MailID> = []
        var removed: [MailID] = []
        var failure: StorageFailure?
        var finishFailure: StorageFailure?
    }

    let state = Mutex(State())

    func create(_ mail: MailID) throws(StorageFailure) -> any BodyFileWriter {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        state.withLock { $0.files[mail] = ByteBuffer() }
        return Writer(mail: mail, bodies: self)
    }

    func path(of mail: MailID) -> String { "bodies/\(mail)" }
    func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        guard let file = state.withLock({ $0.files[mail] }) else { throw .notFound("\(mail)") }
        let count = max(0, min(length, file.readableBytes - start))
        return file.getSlice(at: start, length: count) ?? ByteBuffer()
    }
    func link(_ mail: MailID, as copy: MailID) throws(StorageFailure) {
        try state.withLock { state throws(StorageFailure) in
            guard let file = state.files[mail] else { throw .notFound("\(mail)") }
            state.files[copy] = file
        }
    }
    func syncDirectory() throws(StorageFailure) {}
    func remove(_ mails: [MailID]) {
        state.withLock { state in
            state.removed += mails
            for mail in mails { state.files[mail] = nil }
        }
    }
    func all() throws(StorageFailure) -> [MailID] { state.withLock { Array($0.files.keys) } }
    func rewrite(_ mail: MailID, _ content: ByteBuffer) throws(StorageFailure) {
        throw .notFound("unscripted")
    }
    func setAside(_ mails: [MailID]) throws(StorageFailure) { throw .notFound("unscripted") }
    func allAside() throws(StorageFailure) -> [MailID] { [] }
    func takeBack(_ mail: MailID) throws(StorageFailure) { throw .notFound("unscripted") }
    func freeBytes() throws(StorageFailure) -> Int64 { throw .notFound("unscripted") }

    final class Writer: BodyFileWriter {
        let mail: MailID
        let bodies: ScriptedBodies

        init(mail: MailID, bodies: ScriptedBodies) {
            self.mail = mail
            self.bodies = bodies
        }

        func write(_ bytes: ByteBuffer) throws(StorageFailure) {
            if let failure = bodies.state.withLock({ $0.failure }) { throw failure }
            bodies.state.withLock { state in
                var bytes = bytes
                state.files[mail]?.writeBuffer(&bytes)
            }
        }

        func finish() throws(StorageFailure) {
            if let failure = bodies.state.withLock({ $0.finishFailure }) { throw failure }
            bodies.state.withLock { _ = $0.finished.insert(mail) }
        }

        func abandon() { bodies.remove([mail]) }
    }
}
