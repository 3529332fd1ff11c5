import Actions
import Foundation
import Glibc

/// A process of a worker: it is asked by a line on its standard input, and answers by one on its
/// standard output.
final class WorkerProcess: LivingProcess {
    let kept: KeptProcess
    private let mail: WorkerMail
    private var lastID = 0
    private(set) var hasAnswered = false

    /// Asks the helper behind `socket` for a process of the worker at `index` of its table.
    init(
        _ program: HandlerProgram, index: Int, socket: Int32
    ) throws(HandlerRun.StartFailure) {
        mail = try WorkerMail()
        kept = try KeptProcess(
            program, index: index, socket: socket, file: mail.readOnly, hasOutput: true)
        mail.readOnly.close()
    }

    var endsWithItsInput: Bool { true }

    // MARK: At rest

    func rest(until wakeup: Wakeup) throws(KeptProcess.Flaw) {
        try look(beside: wakeup.reading, milliseconds: -1)
    }

    func look() throws(KeptProcess.Flaw) {
        try look(beside: -1, milliseconds: 0)
    }

    private func look(beside wakeup: Int32, milliseconds: Int64) throws(KeptProcess.Flaw) {
        var ends = [KeptProcess.readable(kept.output), KeptProcess.readable(wakeup)]
        if kept.wait(for: &ends, milliseconds: milliseconds) {
            throw KeptProcess.Flaw(reason: "it ended", isEnding: true)
        }
        guard ends[0].revents != 0 else { return }
        var byte: UInt8 = 0
        // Its output has ended, or there is something in it.
        guard Glibc.read(kept.output.number, &byte, 1) > 0 else { throw Self.hasClosedItsOutput }
        throw KeptProcess.Flaw(reason: "it says something and is not asked")
    }

    // MARK: A request

    func ask(
        _ invocation: FunctionInvocation, until wakeup: Wakeup, isOver: () -> Bool
    ) throws(KeptProcess.Flaw) -> FunctionOutcome {
        defer { mail.empty() }
        let bytes: Int
        do throws(HandlerRun.StartFailure) {
            bytes = try mail.fill(invocation.input)
        } catch {
            return .failed(detail: "it could not be given the mail: \(error)")
        }
        lastID += 1
        let line = WorkerLine.request(invocation, id: lastID, mailBytes: bytes)
        let answer = try exchange(line, until: wakeup, isOver: isOver)
        switch WorkerLine.answer(answer, to: lastID) {
        case .nonsense(let reason): throw KeptProcess.Flaw(reason: reason)
        case .failed(let reason):
            hasAnswered = true
            return .failed(detail: reason)
        case .answered(let answer):
            hasAnswered = true
            return .answered(output: answer)
        }
    }

    private func exchange(
        _ line: [UInt8], until wakeup: Wakeup, isOver: () -> Bool
    ) throws(KeptProcess.Flaw) -> [UInt8] {
        if isOver() { throw KeptProcess.serverEnds }
        var unsent = line[...]
        try send(&unsent)
        var answer: [UInt8] = []
        let deadline = HandlerRun.now() + Int64(kept.program.timeoutSeconds) * 1000
        while true {
            let left = deadline - HandlerRun.now()
            guard left > 0 else { throw kept.isTooLate }
            var ends = [
                KeptProcess.readable(kept.output), KeptProcess.readable(wakeup.reading),
                pollfd(
                    fd: unsent.isEmpty ? -1 : kept.input.number, events: Int16(POLLOUT),
                    revents: 0),
            ]
            let hasEnded = kept.wait(for: &ends, milliseconds: left)
            if ends[1].revents != 0 {
                wakeup.clear()
                if isOver() { throw KeptProcess.serverEnds }
            }
            if ends[2].revents != 0 { try send(&unsent) }
            if ends[0].revents != 0 {
                if try read(into: &answer) { return answer }
            } else if hasEnded {
                throw KeptProcess.hasEnded
            }
        }
    }

    private func send(_ unsent: inout ArraySlice<UInt8>) throws(KeptProcess.Flaw) {
        let count = unsent.withUnsafeBytes {
            write(kept.input.number, $0.baseAddress, $0.count)
        }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            throw KeptProcess.Flaw(reason: "it reads no requests", isEnding: true)
        }
        unsent = unsent.dropFirst(count)
    }

    private static let lineFeed: UInt8 = 0x0A
    /// What is read of an answer at once.
    private var chunk = [UInt8](repeating: 0, count: 16_384)

    /// Says whether the answer is whole; it has no line feed.
    private func read(into answer: inout [UInt8]) throws(KeptProcess.Flaw) -> Bool {
        let count = Glibc.read(kept.output.number, &chunk, chunk.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else { throw Self.hasClosedItsOutput }
        let end = chunk[..<count].firstIndex(of: Self.lineFeed)
        answer += chunk[..<(end ?? count)]
        guard answer.count <= kept.program.outputBytesMax else { throw KeptProcess.saysTooMuch }
        guard let end else { return false }
        guard end == count - 1 else {
            throw KeptProcess.Flaw(reason: "it says more than it is asked")
        }
        return true
    }

    private static let hasClosedItsOutput = KeptProcess.Flaw(
        reason: "it closed its standard output", isEnding: true)
}
