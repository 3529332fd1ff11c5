import Actions
import CHandlerSpawn
import Foundation
import Glibc
import NIOCore

/// One run of a handler program, from the server's side: feeds it and reads it until the helper
/// says that it has ended, with all that it started. All on the calling thread.
struct HandlerRun {
    /// How it ended, and what it said.
    struct Ending {
        var outcome: FunctionOutcome
        var errorOutput: [UInt8]
        var isErrorOutputCut: Bool
        /// Something in its working folder could not be removed.
        var isFolderLeft = false
    }

    /// Why it could not be started.
    struct StartFailure: Error, CustomStringConvertible {
        let description: String

        init(description: String) {
            self.description = description
        }

        init(_ step: String) {
            description = "\(step): \(String(cString: strerror(errno)))"
        }
    }

    /// From the polite signal to the one that nobody can refuse.
    static let graceMilliseconds: Int64 = 2_000

    private let program: HandlerProgram
    private let keeper: Pipe.End
    private let input: Pipe.End
    private let output: Pipe.End
    private let errors: Pipe.End

    /// Asks the helper behind `socket` for a run of the program at `index` of its table.
    init(
        _ program: HandlerProgram, index: Int, socket: Int32, _ invocation: FunctionInvocation
    ) throws(StartFailure) {
        self.program = program
        let inputPipe = try Pipe()
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let event = try Self.eventFile(invocation.event)
        let variables = CStrings(invocation.environment.map { "\($0.name)=\($0.value)" })
        var request = martlet_run()
        request.program = UInt32(index)
        request.variables = variables.pointers
        request.input = inputPipe.reading.number
        request.output = outputPipe.writing.number
        request.error = errorPipe.writing.number
        request.event = event.number
        let run = withExtendedLifetime((variables, inputPipe, outputPipe, errorPipe, event)) {
            martlet_run_start(socket, &request)
        }
        guard run >= 0 else { throw StartFailure("the helper could not be asked") }
        keeper = Pipe.End(run)
        input = inputPipe.writing
        output = outputPipe.reading
        errors = errorPipe.reading
        for end in [input, output, errors] { end.setNonBlocking() }
    }

    private static func eventFile(_ event: [UInt8]) throws(StartFailure) -> Pipe.End {
        let file = Pipe.End(martlet_anonymous_file())
        guard file.isOpen else { throw StartFailure("memfd_create") }
        var rest = event[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
            guard count > 0 else { throw StartFailure("the event could not be written") }
            rest = rest.dropFirst(count)
        }
        return file
    }

    // MARK: Running

    func run(input pieces: [FunctionInvocation.InputPiece]) -> Ending {
        var feed = HandlerInput(pieces)
        var answer = CappedOutput(bytesMax: program.outputBytesMax)
        var complaint = CappedOutput(bytesMax: program.errorBytesMax)
        var isLetGo = false
        let deadline =
            Self.now() + Int64(program.timeoutSeconds) * 1000 + Self.graceMilliseconds
            + Int64(MARTLET_KEEPER_SECONDS_MAX) * 1000
        var word: KeeperWord?
        while Self.now() < deadline {
            let ready = poll(until: deadline, wantsInput: !feed.isDone)
            if ready.input { feed.write(to: input) }
            // It must not take the part for the whole: its input stays open until it has ended.
            if feed.failure != nil, !isLetGo {
                shutdown(keeper.number, Int32(SHUT_WR))
                isLetGo = true
            }
            if ready.output { answer.read(from: output) }
            if ready.errors { complaint.read(from: errors) }
            guard ready.keeper else { continue }
            word = KeeperWord(from: keeper, of: program)
            break
        }
        // Whatever happened: nobody holds it any more.
        keeper.close()
        answer.read(from: output)
        complaint.read(from: errors)
        for end in [input, output, errors] { end.close() }
        return Ending(
            outcome: feed.failure.map { .failed(detail: "it could not be given the mail: \($0)") }
                ?? outcome(word, answer),
            errorOutput: complaint.bytes, isErrorOutputCut: complaint.isCut,
            isFolderLeft: word?.isFolderLeft ?? false)
    }

    /// `word`: nil where the keeper took longer than it may.
    private func outcome(_ word: KeeperWord?, _ answer: CappedOutput) -> FunctionOutcome {
        switch word?.ending {
        case .well: .answered(output: answer.bytes, isCut: answer.isCut)
        case .badly(let reason): .failed(detail: reason)
        case .letGo: .failed(detail: "ended with its helper")
        case nil: .failed(detail: KeeperWord.missing)
        }
    }

    private struct Ready {
        var input = false
        var output = false
        var errors = false
        var keeper = false
    }

    private func poll(until deadline: Int64, wantsInput: Bool) -> Ready {
        var ends = [
            pollfd(fd: keeper.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: output.isOpen ? output.number : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.isOpen ? errors.number : -1, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: wantsInput && input.isOpen ? input.number : -1, events: Int16(POLLOUT),
                revents: 0),
        ]
        let left = Int32(clamping: max(0, deadline - Self.now()))
        guard Glibc.poll(&ends, 4, left) > 0 else { return Ready() }
        return Ready(
            input: ends[3].revents != 0, output: ends[1].revents != 0,
            errors: ends[2].revents != 0, keeper: ends[0].revents != 0)
    }

    /// Milliseconds, by a clock that nobody sets.
    static func now() -> Int64 {
        Int64(ProcessInfo.processInfo.systemUptime * 1000)
    }
}
