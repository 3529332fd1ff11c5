import Actions
import CHandlerSpawn
import Foundation
import Glibc
import NIOCore

/// One run of a handler program: feeds it, reads it, and ends its whole process group at the end
/// of its time or of its first process, whichever comes first. All on the calling thread.
struct HandlerProcess {
    /// How it ended, and what it said.
    struct Ending {
        var outcome: FunctionOutcome
        var errorOutput: [UInt8]
        var isErrorOutputCut: Bool
    }

    struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// From the polite signal to the one that nobody can refuse.
    private static let graceMilliseconds: Int64 = 2_000

    private let program: HandlerProgram
    private let process: pid_t
    private let ended: Pipe.End
    private let input: Pipe.End
    private let output: Pipe.End
    private let errors: Pipe.End

    /// Starts the program in `folder`. Throws `StartFailure`.
    init(program: HandlerProgram, environment: [String: String], folder: String) throws {
        self.program = program
        let inputPipe = try Pipe()
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var step: UnsafePointer<CChar>?
        let process = Self.withCStrings(program.command) { arguments in
            Self.withCStrings(variables) { variables in
                folder.withCString { folder in
                    var description = martlet_program()
                    description.path = arguments[0].map { UnsafePointer($0) }
                    description.arguments = arguments
                    description.environment = variables
                    description.directory = folder
                    description.input = inputPipe.reading.number
                    description.output = outputPipe.writing.number
                    description.error = errorPipe.writing.number
                    description.memory_bytes_max = UInt64(program.memoryBytesMax)
                    description.file_bytes_max = UInt64(program.fileBytesMax)
                    description.files_max = UInt64(program.filesMax)
                    description.processes_max =
                        program.user == nil ? 0 : UInt64(program.processesMax)
                    description.user = program.user?.id ?? 0
                    description.group = program.user?.group ?? 0
                    return martlet_spawn(&description, &step)
                }
            }
        }
        guard process > 0 else {
            let reason = String(cString: strerror(errno))
            let name = step.map { String(cString: $0) } ?? "spawn"
            throw StartFailure(description: "\(program.command[0]): \(name): \(reason)")
        }
        self.process = process
        let watched = martlet_pidfd(process)
        guard watched >= 0 else {
            let reason = String(cString: strerror(errno))
            kill(-process, SIGKILL)
            _ = Self.reap(process)
            throw StartFailure(description: "\(program.command[0]): pidfd_open: \(reason)")
        }
        ended = Pipe.End(watched)
        input = inputPipe.writing
        output = outputPipe.reading
        errors = errorPipe.reading
        inputPipe.reading.close()
        outputPipe.writing.close()
        errorPipe.writing.close()
        for end in [input, output, errors] { end.setNonBlocking() }
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the final nil always stands there")
            }
            return body(base)
        }
    }

    // MARK: Running

    func run(input pieces: [FunctionInvocation.InputPiece]) -> Ending {
        var feed = HandlerInput(pieces)
        var answer = CappedOutput(bytesMax: program.outputBytesMax)
        var complaint = CappedOutput(bytesMax: program.errorBytesMax)
        let deadline = Self.now() + Int64(program.timeoutSeconds) * 1000
        var isTimeUp = false
        var isOver = false
        while !isOver {
            let limit = isTimeUp ? deadline + Self.graceMilliseconds : deadline
            let left = limit - Self.now()
            if left <= 0 {
                kill(-process, isTimeUp ? SIGKILL : SIGTERM)
                if isTimeUp { break }
                isTimeUp = true
                continue
            }
            let ready = poll(milliseconds: left, wantsInput: !feed.isDone)
            if ready.input { feed.write(to: input) }
            // It must not take the part for the whole.
            if feed.failure != nil { break }
            if ready.output { answer.read(from: output) }
            if ready.errors { complaint.read(from: errors) }
            isOver = ready.ended
        }
        // The first process may be a zombie by now, and so its id and group are still its own.
        kill(-process, SIGKILL)
        let status = Self.reap(process)
        answer.read(from: output)
        complaint.read(from: errors)
        for end in [input, output, errors, ended] { end.close() }
        return Ending(
            outcome: feed.failure.map { .failed(detail: "it could not be given the mail: \($0)") }
                ?? outcome(status, isTimeUp: isTimeUp, output: answer.bytes),
            errorOutput: complaint.bytes, isErrorOutputCut: complaint.isCut)
    }

    private func outcome(
        _ status: siginfo_t, isTimeUp: Bool, output: [UInt8]
    ) -> FunctionOutcome {
        if isTimeUp {
            return .failed(
                detail: "ended after its \(program.timeoutSeconds) seconds (timeoutSeconds)")
        }
        let code = status._sifields._sigchld.si_status
        guard status.si_code == CLD_EXITED else {
            return .failed(detail: "ended by signal \(code)")
        }
        return code == 0 ? .answered(output: output) : .failed(detail: "exit status \(code)")
    }

    private struct Ready {
        var input = false
        var output = false
        var errors = false
        var ended = false
    }

    private func poll(milliseconds: Int64, wantsInput: Bool) -> Ready {
        var ends = [
            pollfd(fd: ended.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: output.isOpen ? output.number : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.isOpen ? errors.number : -1, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: wantsInput && input.isOpen ? input.number : -1, events: Int16(POLLOUT),
                revents: 0),
        ]
        if !wantsInput { input.close() }
        guard Glibc.poll(&ends, 4, Int32(min(milliseconds, 60_000))) > 0 else { return Ready() }
        return Ready(
            input: ends[3].revents != 0, output: ends[1].revents != 0,
            errors: ends[2].revents != 0, ended: ends[0].revents != 0)
    }

    private static func reap(_ process: pid_t) -> siginfo_t {
        var status = siginfo_t()
        while waitid(P_PID, id_t(process), &status, WEXITED) < 0, errno == EINTR {}
        return status
    }

    private static func now() -> Int64 {
        Int64(ProcessInfo.processInfo.systemUptime * 1000)
    }
}
