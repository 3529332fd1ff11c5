import Actions
import CHandlerSpawn
import Foundation
import Glibc

/// One process of a worker, from the server's side; its place's thread alone uses it.
final class WorkerProcess {
    /// Why a process is of no use any more.
    struct Flaw: Error {
        var reason: String
        /// It ends, or has ended, by itself: what its keeper says of that is the better reason.
        var isEnding = false
    }

    /// What came of one request.
    enum Reply {
        case answered([UInt8])
        /// This mail failed; the process is well.
        case failed(String)
        case broken(Flaw)
    }

    /// How long one may take to end by itself.
    static let endMilliseconds: Int64 = 2_000

    private let program: HandlerProgram
    private let keeper: Pipe.End
    private let input: Pipe.End
    private let output: Pipe.End
    private let errors: Pipe.End
    private let mail: WorkerMail
    private var lastID = 0
    /// Whether it ever answered: a program that never does is not started again and again.
    private(set) var hasAnswered = false
    private var complaint: CappedOutput
    private var isComplaintCutTold = false

    /// Asks the helper behind `socket` for a process of the worker at `index` of its table. Whether
    /// the program can be started is known later: its keeper says so.
    init(
        _ program: HandlerProgram, index: Int, socket: Int32
    ) throws(HandlerRun.StartFailure) {
        self.program = program
        complaint = CappedOutput(bytesMax: program.errorBytesMax)
        let inputPipe = try Pipe()
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let mail = try WorkerMail()
        let variables = CStrings([])
        var request = martlet_run()
        request.program = UInt32(index)
        request.variables = variables.pointers
        request.input = inputPipe.reading.number
        request.output = outputPipe.writing.number
        request.error = errorPipe.writing.number
        request.event = mail.readOnly.number
        let run = withExtendedLifetime((variables, inputPipe, outputPipe, errorPipe)) {
            martlet_run_start(socket, &request)
        }
        guard run >= 0 else { throw HandlerRun.StartFailure("the helper could not be asked") }
        mail.readOnly.close()
        self.mail = mail
        keeper = Pipe.End(run)
        input = inputPipe.writing
        output = outputPipe.reading
        errors = errorPipe.reading
        for end in [input, output, errors] { end.setNonBlocking() }
    }

    // MARK: At rest

    /// Waits until it says something, or `wakeup` is called. At rest it has nothing to say but on
    /// standard error, and is to live.
    func rest(until wakeup: Wakeup) throws(Flaw) {
        try look(beside: wakeup.reading, milliseconds: -1)
    }

    /// Throws where it is not fit to be asked.
    func look() throws(Flaw) {
        try look(beside: -1, milliseconds: 0)
    }

    private func look(beside wakeup: Int32, milliseconds: Int32) throws(Flaw) {
        var ends = [
            Self.readable(keeper), Self.readable(output), Self.readable(errors),
            pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0),
        ]
        guard Glibc.poll(&ends, nfds_t(ends.count), milliseconds) > 0 else { return }
        if ends[2].revents != 0 { complaint.read(from: errors) }
        if ends[0].revents != 0 { throw Flaw(reason: "it ended", isEnding: true) }
        if ends[1].revents != 0 {
            var byte: UInt8 = 0
            // Its output has ended, or there is something in it.
            guard Glibc.read(output.number, &byte, 1) > 0 else { throw Self.hasClosedItsOutput }
            throw Flaw(reason: "it says something and is not asked")
        }
    }

    /// What it wrote to standard error since this was last taken, and whether more is left out from
    /// here on.
    func takeComplaint() -> (bytes: [UInt8], isCut: Bool) {
        complaint.read(from: errors)
        let taken = (bytes: complaint.bytes, isCut: complaint.isCut && !isComplaintCutTold)
        isComplaintCutTold = complaint.isCut || isComplaintCutTold
        complaint = CappedOutput(bytesMax: complaint.bytesMax - taken.bytes.count)
        return taken
    }

    /// From here on `errorBytesMax` of standard error are kept.
    func allowComplaint() {
        complaint = CappedOutput(bytesMax: program.errorBytesMax)
        isComplaintCutTold = false
    }

    // MARK: A request

    /// Asks once, and waits for the answer up to the program's `timeoutSeconds`, or until `isOver`
    /// says so when `wakeup` is called.
    func ask(
        _ invocation: FunctionInvocation, until wakeup: Wakeup, isOver: () -> Bool
    ) -> Reply {
        defer { mail.empty() }
        let bytes: Int
        do throws(HandlerRun.StartFailure) {
            bytes = try mail.fill(invocation.input)
        } catch {
            return .failed("it could not be given the mail: \(error)")
        }
        lastID += 1
        let line = WorkerLine.request(invocation, id: lastID, mailBytes: bytes)
        do throws(Flaw) {
            let answer = try exchange(line, until: wakeup, isOver: isOver)
            switch WorkerLine.answer(answer, to: lastID) {
            case .nonsense(let reason): return .broken(Flaw(reason: reason))
            case .failed(let reason):
                hasAnswered = true
                return .failed(reason)
            case .answered(let answer):
                hasAnswered = true
                return .answered(answer)
            }
        } catch {
            return .broken(error)
        }
    }

    private func exchange(
        _ line: [UInt8], until wakeup: Wakeup, isOver: () -> Bool
    ) throws(Flaw) -> [UInt8] {
        var unsent = line[...]
        var answer: [UInt8] = []
        let deadline = Self.now() + Int64(program.timeoutSeconds) * 1000
        while true {
            let left = deadline - Self.now()
            guard left > 0 else {
                throw Flaw(
                    reason: "no answer in \(program.timeoutSeconds) seconds (timeoutSeconds)")
            }
            var ends = [
                Self.readable(keeper), Self.readable(output), Self.readable(errors),
                pollfd(fd: wakeup.reading, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: unsent.isEmpty ? -1 : input.number, events: Int16(POLLOUT), revents: 0),
            ]
            guard Glibc.poll(&ends, nfds_t(ends.count), Int32(clamping: left)) > 0 else { continue }
            if ends[2].revents != 0 { complaint.read(from: errors) }
            if ends[3].revents != 0 {
                wakeup.clear()
                if isOver() { throw Flaw(reason: "the server ends") }
            }
            if ends[4].revents != 0 { try send(&unsent) }
            if ends[1].revents != 0 {
                if try read(into: &answer) { return answer }
            } else if ends[0].revents != 0 {
                throw Flaw(reason: "it ended without an answer", isEnding: true)
            }
        }
    }

    private func send(_ unsent: inout ArraySlice<UInt8>) throws(Flaw) {
        let count = unsent.withUnsafeBytes { write(input.number, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            throw Flaw(reason: "it reads no requests", isEnding: true)
        }
        unsent = unsent.dropFirst(count)
    }

    private static let lineFeed: UInt8 = 0x0A
    private static let chunkBytes = 16_384

    /// Says whether the answer is whole; it has no line feed.
    private func read(into answer: inout [UInt8]) throws(Flaw) -> Bool {
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        let count = Glibc.read(output.number, &chunk, chunk.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else { throw Self.hasClosedItsOutput }
        let end = chunk[..<count].firstIndex(of: Self.lineFeed)
        answer += chunk[..<(end ?? count)]
        guard answer.count <= program.outputBytesMax else {
            throw Flaw(reason: "its answer is too long (outputBytesMax)")
        }
        guard let end else { return false }
        guard end == count - 1 else { throw Flaw(reason: "it says more than it is asked") }
        return true
    }

    private static let hasClosedItsOutput = Flaw(
        reason: "it closed its standard output", isEnding: true)

    // MARK: Its end

    /// Ends it with all that it started, and waits for that. How it ended, and whether something of
    /// its folder is left.
    func end(_ flaw: Flaw) -> (reason: String, isFolderLeft: Bool) {
        input.close()
        var word = flaw.isEnding ? lastWord(within: Self.endMilliseconds) : nil
        if word == nil {
            shutdown(keeper.number, Int32(SHUT_WR))
            word = lastWord(within: Int64(MARTLET_KEEPER_SECONDS_MAX) * 1000)
        }
        keeper.close()
        guard let word else { return (flaw.reason, false) }
        switch word.ending {
        case .well: return (flaw.isEnding ? "exit status 0" : flaw.reason, word.isFolderLeft)
        case .badly(let reason):
            return (flaw.isEnding ? reason : flaw.reason, word.isFolderLeft)
        case .letGo: return (flaw.reason, word.isFolderLeft)
        }
    }

    /// Its standard error is read meanwhile: a process that waits for that does not end.
    private func lastWord(within milliseconds: Int64) -> KeeperWord? {
        let deadline = Self.now() + milliseconds
        while true {
            let left = deadline - Self.now()
            guard left > 0 else { return nil }
            var ends = [Self.readable(keeper), Self.readable(errors)]
            guard Glibc.poll(&ends, nfds_t(ends.count), Int32(clamping: left)) > 0 else { continue }
            if ends[1].revents != 0 { complaint.read(from: errors) }
            if ends[0].revents != 0 { return KeeperWord(from: keeper, of: program) }
        }
    }

    private static func readable(_ end: Pipe.End) -> pollfd {
        pollfd(fd: end.number, events: Int16(POLLIN), revents: 0)
    }

    private static func now() -> Int64 {
        Int64(ProcessInfo.processInfo.systemUptime * 1000)
    }
}
