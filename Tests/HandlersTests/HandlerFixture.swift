import Actions
import Foundation
import Glibc
import Handlers
import MailModel
import NIOCore
import TestSupport
import Testing

/// Handlers written by a test, in a folder of their own, and an invoker for them.
final class HandlerFixture: Sendable {
    let folder: String
    let log = CollectedLog()
    let time = ManualTime()

    init() throws {
        folder = try ProjectFiles.temporaryFolder()
        // As the server does: a handler that does not read is an error of a write.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var workFolder: String { "\(folder)/work" }
    /// Where those without a user of their own work.
    var ownFolder: String { "\(workFolder)/\(geteuid())" }

    /// A shell script; its path.
    func script(_ text: String, mode: Int = 0o755) async throws -> String {
        try await file("#!/bin/sh\n\(text)\n", mode: mode)
    }

    /// An executable file, written by a process of its own: a child of ours that starts at the same
    /// time would hold it open for writing, and such a file does not run.
    func file(_ text: String, mode: Int = 0o755) async throws -> String {
        let path = "\(folder)/handler"
        let command = "cat > \(path) && chmod \(String(mode, radix: 8)) \(path)"
        let writer = try invoker(
            [HandlerProgram(name: "writer", command: ["/bin/sh", "-c", command])],
            in: "\(folder)/writing")
        let outcome = await writer.invoke(
            Self.invocation(handler: "writer", input: [.bytes(ByteBuffer(string: text))]))
        try #require(outcome == .answered(output: []))
        return path
    }

    func program(_ text: String) async throws -> HandlerProgram {
        HandlerProgram(name: "handler", command: [try await script(text)])
    }

    func invoker(
        _ programs: [HandlerProgram], runningMax: Int = 4, in workFolder: String? = nil
    ) throws -> ProcessInvoker {
        try ProcessInvoker(
            helper: try helper(programs, runningMax: runningMax, in: workFolder),
            runningMax: runningMax, time: time, log: log.logger)
    }

    func helper(
        _ programs: [HandlerProgram], runningMax: Int = 4, in workFolder: String? = nil
    ) throws -> HandlerHelper {
        try HandlerHelper(
            programs: programs,
            folders: try HandlerFolders(workFolder ?? self.workFolder, for: programs),
            runningMax: 2 * runningMax)
    }

    /// What one run of `program` comes to.
    func run(
        _ program: HandlerProgram, input: [FunctionInvocation.InputPiece] = [],
        environment: [(name: String, value: String)] = []
    ) async throws -> FunctionOutcome {
        try await invoker([program]).invoke(
            Self.invocation(input: input, environment: environment))
    }

    func run(
        _ text: String, input: [FunctionInvocation.InputPiece] = []
    ) async throws -> FunctionOutcome {
        try await run(try await program(text), input: input)
    }

    static let event = Array("{\"Records\":[]}".utf8)

    static func invocation(
        handler: String = "handler", input: [FunctionInvocation.InputPiece] = [],
        environment: [(name: String, value: String)] = []
    ) -> FunctionInvocation {
        let mail = MailID(at: ManualTime().now(), random: CountingRandom())
        return FunctionInvocation(
            handler: handler, arn: "arn:\(handler)", stableID: "\(mail)/rule/0", attempt: 1,
            mail: mail, rule: "rule",
            event: event, environment: environment, input: input)
    }

    /// A number that a script wrote to a file of this folder.
    func number(in file: String) throws -> Int32 {
        let text = try ProjectFiles.text("\(folder)/\(file)")
        return try #require(Int32(text.filter { !$0.isWhitespace }))
    }

    /// Whether a process runs: one that has ended and waits for its parent does not.
    static func isRunning(_ process: Int32) -> Bool {
        guard let stat = try? ProjectFiles.text("/proc/\(process)/stat"),
            let end = stat.lastIndex(of: ")")
        else { return false }
        return !["Z", "X"].contains(stat[end...].dropFirst(2).prefix(1))
    }

    /// Children of `process`, those that have ended and wait for it too.
    static func children(of process: Int32) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            guard let number = Int32(name), let stat = try? ProjectFiles.text("/proc/\(name)/stat"),
                let end = stat.lastIndex(of: ")")
            else { return nil }
            return stat[end...].split(separator: " ")[2] == "\(process)" ? number : nil
        }
    }

    /// Waits until `process` has ended; says whether it did within `seconds`.
    static func ends(_ process: Int32, within seconds: Double = 10) async -> Bool {
        let deadline = ProcessInfo.processInfo.systemUptime + seconds
        while isRunning(process) {
            guard ProcessInfo.processInfo.systemUptime < deadline else { return false }
            await Task.yield()
        }
        return true
    }
}

extension FunctionOutcome {
    /// What was answered, as text; nil where nothing was.
    var text: String? {
        if case .answered(let output, _) = self {
            String(decoding: output, as: UTF8.self)
        } else {
            nil
        }
    }

    var failure: String? {
        if case .failed(let detail) = self { detail } else { nil }
    }
}
