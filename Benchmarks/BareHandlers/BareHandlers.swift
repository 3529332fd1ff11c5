import Actions
import Foundation
import Glibc
import Handlers
import Logging
import MailModel
import NIOCore

/// What the helper that starts handlers reaches alone: `BareHandlers PROGRAM COUNT AT-ONCE FOLDER`
/// runs PROGRAM so often, so many at once, each with a mail of 10 KB on standard input, and prints the
/// rate. `Benchmarks/scripts.py` compares it with a server.
@main struct BareHandlers {
    private struct SystemTime: TimeSource {
        func now() -> Timestamp {
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        }
    }

    private struct SystemRandom: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255) } }
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let count = Int(arguments[2]), let atOnce = Int(arguments[3])
        else {
            print("usage: BareHandlers PROGRAM COUNT AT-ONCE FOLDER")
            exit(64)
        }
        // As in the server: a program may end without having read its mail.
        signal(SIGPIPE, SIG_IGN)
        let programs = [HandlerProgram(name: "script", command: [arguments[1]])]
        let helper = try HandlerHelper(
            programs: programs, folders: try HandlerFolders(arguments[4], for: programs),
            runningMax: atOnce)
        let invoker = try ProcessInvoker(
            helper: helper, runningMax: atOnce, time: SystemTime(), log: Logger(label: "mail"))
        let mail = ByteBuffer(repeating: 0x78, count: 10_240)
        let begun = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= atOnce { try await group.next() }
                group.addTask { try await run(invoker, mail) }
            }
            try await group.waitForAll()
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        print("\(Double(count) / seconds)")
    }

    private static func run(_ invoker: ProcessInvoker, _ mail: ByteBuffer) async throws {
        let id = MailID(at: SystemTime().now(), random: SystemRandom())
        let outcome = await invoker.invoke(
            FunctionInvocation(
                handler: "script", arn: "script", stableID: "\(id)/rule/1", attempt: 1, mail: id,
                rule: "rule", event: Array("{}".utf8), environment: [], input: [.bytes(mail)]))
        guard case .answered = outcome else { throw Failure(outcome: outcome) }
    }

    private struct Failure: Error {
        let outcome: FunctionOutcome
    }
}
