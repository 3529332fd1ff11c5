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
        var ending: martlet_ending?
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
            ending = lastWord()
            break
        }
        // Whatever happened: nobody holds it any more.
        keeper.close()
        answer.read(from: output)
        complaint.read(from: errors)
        for end in [input, output, errors] { end.close() }
        return Ending(
            outcome: feed.failure.map { .failed(detail: "it could not be given the mail: \($0)") }
                ?? outcome(ending, answer),
            errorOutput: complaint.bytes, isErrorOutputCut: complaint.isCut,
            isFolderLeft: ending?.is_folder_left ?? false)
    }

    /// Nil where the keeper ended without one.
    private func lastWord() -> martlet_ending? {
        var ending = martlet_ending()
        return martlet_run_end(keeper.number, &ending) == 1 ? ending : nil
    }

    private func outcome(
        _ ending: martlet_ending?, _ answer: CappedOutput
    ) -> FunctionOutcome {
        guard var ending else {
            return .failed(detail: "nobody knows how it ended: its keeper did not say")
        }
        switch ending.kind {
        case MARTLET_RUN_EXITED:
            return ending.code == 0
                ? .answered(output: answer.bytes, isCut: answer.isCut)
                : .failed(detail: "exit status \(ending.code)")
        case MARTLET_RUN_KILLED: return .failed(detail: "ended by signal \(ending.code)")
        case MARTLET_RUN_TIMED_OUT:
            return .failed(
                detail: "ended after its \(program.timeoutSeconds) seconds (timeoutSeconds)")
        case MARTLET_RUN_FAILED_TO_START:
            let step = withUnsafeBytes(of: &ending.step) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let reason = String(cString: strerror(ending.code))
            return .failed(
                detail: "could not be started: \(program.command[0]): \(step): \(reason)")
        default: return .failed(detail: "ended with its helper")
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

    private static func now() -> Int64 {
        Int64(ProcessInfo.processInfo.systemUptime * 1000)
    }
}
