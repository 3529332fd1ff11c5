import Actions
import Foundation
import Glibc
import Handlers
import MailModel
import NIOCore
import TestSupport
import Testing

/// What a handler is given, and what its end is taken for.
@Suite struct ProcessInvokerTests {
    // MARK: Its end

    struct Ending: CustomTestStringConvertible, Sendable {
        let script: String
        let outcome: FunctionOutcome
        var testDescription: String { script }

        init(_ script: String, _ outcome: FunctionOutcome) {
            self.script = script
            self.outcome = outcome
        }

        static func answered(_ script: String, _ output: String) -> Ending {
            Ending(script, .answered(output: Array(output.utf8)))
        }

        static func failed(_ script: String, _ detail: String) -> Ending {
            Ending(script, .failed(detail: detail))
        }
    }

    static let endings: [Ending] = [
        .answered("exit 0", ""),
        .answered("printf '{\"disposition\": \"CONTINUE\"}'", "{\"disposition\": \"CONTINUE\"}"),
        .answered("printf 'a\\000b\\377' | head -c 3", "a\0b"),
        .answered("cat", "From: a\r\n\r\nbody"),
        .answered("head -c 4", "From"),
        .answered("exec <&-; echo closed", "closed\n"),
        .answered("exec 2>&-; echo quiet", "quiet\n"),
        .answered("(exit 3); echo later", "later\n"),
        .failed("exit 1", "exit status 1"),
        .failed("echo answer; exit 75", "exit status 75"),
        .failed("exit 255", "exit status 255"),
        .failed("kill -KILL $$", "ended by signal 9"),
        .failed("kill -SEGV $$", "ended by signal 11"),
        .failed("kill -TERM $$", "ended by signal 15"),
        .failed("exec >&- 2>&- <&-; exit 4", "exit status 4"),
        // Ignored in the server, and back at its default here.
        .failed("kill -PIPE $$; echo alive", "ended by signal 13"),
    ]

    @Test(arguments: endings)
    func ends(_ ending: Ending) async throws {
        let mail = ByteBuffer(string: "From: a\r\n\r\nbody")
        let outcome = try await HandlerFixture().run(ending.script, input: [.bytes(mail)])
        #expect(outcome == ending.outcome)
    }

    @Test func aHandlerThatNobodyConfiguredIsNone() async throws {
        let fixture = try HandlerFixture()
        let invoker = try fixture.invoker([try await fixture.program("exit 0")])
        #expect(
            await invoker.invoke(HandlerFixture.invocation(handler: "other")) == .noSuchHandler)
    }

    @Test func itsProcessIsTakenCareOf() async throws {
        let fixture = try HandlerFixture()
        _ = try await fixture.run("echo $$ > \(fixture.folder)/process")
        let process = try fixture.number(in: "process")
        // Reaped: a zombie would still answer.
        #expect(kill(process, 0) == -1 && errno == ESRCH)
    }

    // MARK: It cannot start

    @Test func aMissingProgramIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let path = "\(fixture.folder)/missing"
        let outcome = try await fixture.run(HandlerProgram(name: "handler", command: [path]))
        #expect(
            outcome.failure
                == "could not be started: \(path): execve: No such file or directory")
    }

    @Test func aProgramThatMayNotRunIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let path = try await fixture.script("exit 0", mode: 0o644)
        let outcome = try await fixture.run(HandlerProgram(name: "handler", command: [path]))
        #expect(outcome.failure == "could not be started: \(path): execve: Permission denied")
    }

    @Test func aProgramOfNoKnownKindIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let path = try await fixture.file("exit 0\n")
        let outcome = try await fixture.run(HandlerProgram(name: "handler", command: [path]))
        #expect(outcome.failure == "could not be started: \(path): execve: Exec format error")
    }

    @Test func aFailedStartLeavesNothing() async throws {
        let fixture = try HandlerFixture()
        _ = try await fixture.run(HandlerProgram(name: "handler", command: ["/no/such"]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.ownFolder) == [])
    }

    // MARK: Its input

    private func file(_ fixture: HandlerFixture, _ text: String) throws -> String {
        let path = "\(fixture.folder)/mail"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    @Test func readsThePiecesInOrder() async throws {
        let fixture = try HandlerFixture()
        let path = try file(fixture, "Subject: b\r\n\r\nand what is behind the mail")
        let outcome = try await fixture.run(
            "cat",
            input: [
                .bytes(ByteBuffer(string: "X-Added: a\r\n")), .bytes(ByteBuffer()),
                .file(path: path, length: 14), .bytes(ByteBuffer(string: "c")),
            ])
        #expect(outcome.text == "X-Added: a\r\nSubject: b\r\n\r\nc")
    }

    static let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1_048_576)

    @Test func aLargeMailArrivesWhole() async throws {
        let fixture = try HandlerFixture()
        let path = try file(fixture, String(decoding: Self.megabyte, as: UTF8.self))
        let bytes = ByteBuffer(bytes: Self.megabyte)
        let outcome = try await fixture.run(
            "wc -c", input: [.bytes(bytes), .file(path: path, length: Self.megabyte.count)])
        #expect(outcome.text == "\(2 * Self.megabyte.count)\n")
    }

    /// Filled pipes in both directions do not wait for each other.
    @Test func aHandlerThatWritesWhileItReadsGoesOn() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program("tee /dev/stderr")
        program.outputBytesMax = 2 * Self.megabyte.count
        program.errorBytesMax = 0
        let outcome = try await fixture.run(
            program, input: [.bytes(ByteBuffer(bytes: Self.megabyte))])
        #expect(outcome == .answered(output: Self.megabyte))
    }

    static let unread = [
        "echo fine", "exec <&-; echo fine", "head -c 1 >/dev/null; echo fine",
        "exec </dev/null; cat; echo fine",
    ]

    @Test(arguments: unread)
    func aLargeMailThatIsNotReadDoesNotHurt(_ script: String) async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            script, input: [.bytes(ByteBuffer(bytes: Self.megabyte))])
        #expect(outcome.text == "fine\n")
    }

    /// A mail that is not there whole must not count as handled.
    @Test func aMailThatCannotBeReadIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            "cat >/dev/null", input: [.file(path: "\(fixture.folder)/gone", length: 10)])
        #expect(outcome.failure != nil)
    }

    @Test func aMailThatIsShorterThanItsRowSaysIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let path = try file(fixture, "Subject: b")
        let outcome = try await fixture.run("cat", input: [.file(path: path, length: 11)])
        #expect(outcome.failure != nil)
    }

    @Test func aCutMailHasNoEnd() async throws {
        let fixture = try HandlerFixture()
        let path = try file(fixture, "Subject: b")
        let mark = "\(fixture.folder)/it-ended"
        let outcome = try await fixture.run(
            "cat >/dev/null; touch \(mark)", input: [.file(path: path, length: 11)])
        #expect(outcome.failure != nil)
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    // MARK: Its standard error

    @Test func standardErrorGoesToTheLog() async throws {
        let fixture = try HandlerFixture()
        _ = try await fixture.run("echo one >&2; echo >&2; echo two >&2; exit 1")
        let lines = fixture.log.lines
        #expect(lines.map(\.message) == ["handler: one", "handler: two"])
        let invocation = HandlerFixture.invocation()
        for line in lines {
            #expect(line.metadata["mail"] == invocation.mail?.text)
            #expect(line.metadata["handler"] == "handler")
            #expect(line.metadata["action"] == invocation.stableID)
        }
    }

    /// Whatever ends a line ends one here; the log escapes what else would not print.
    @Test func everyLineEndEndsALine() async throws {
        let fixture = try HandlerFixture()
        _ = try await fixture.run("printf 'a\\033[31mb\\rc\\000d\\377e\\ttab' >&2")
        #expect(
            fixture.log.lines.map(\.message)
                == ["handler: a\u{1B}[31mb", "handler: c\u{0}d\u{FFFD}e\ttab"])
    }

    // MARK: Many at once

    /// The first three wait for each other, so three run at once; the others show that it were
    /// never more.
    @Test func runsNoMoreAtOnceThanItMay() async throws {
        let fixture = try HandlerFixture()
        let steps = "\(fixture.folder)/steps"
        var program = try await fixture.program(
            """
            echo + >> \(steps)
            while [ $(wc -l < \(steps)) -lt 3 ]; do :; done
            echo - >> \(steps)
            """)
        program.timeoutSeconds = 60
        let invoker = try fixture.invoker([program], runningMax: 3)
        let outcomes = await withTaskGroup(of: FunctionOutcome.self) { group in
            for _ in 0..<24 {
                group.addTask { await invoker.invoke(HandlerFixture.invocation()) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == [FunctionOutcome](repeating: .answered(output: []), count: 24))
        var running = 0
        var runningMax = 0
        for step in try ProjectFiles.text(steps).split(separator: "\n") {
            running += step == "+" ? 1 : -1
            runningMax = max(runningMax, running)
        }
        #expect(running == 0)
        #expect(runningMax == 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.ownFolder) == [])
    }
}
