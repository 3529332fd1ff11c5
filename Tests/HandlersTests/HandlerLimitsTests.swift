import Actions
import Foundation
import Glibc
import Handlers
import NIOCore
import TestSupport
import Testing

/// What a handler may use, and what happens to one that wants more.
@Suite struct HandlerLimitsTests {
    // MARK: Time

    private func limited(
        _ fixture: HandlerFixture, _ text: String, seconds: Int = 1
    ) async throws -> HandlerProgram {
        var program = try await fixture.program(text)
        program.timeoutSeconds = seconds
        return program
    }

    static let slow = [
        "sleep 100", "exec sleep 100", "cat; sleep 100", "while :; do :; done", "yes", "yes >&2",
        "exec >&- 2>&-; sleep 100", "trap 'exit 0' TERM; while :; do sleep 1; done",
    ]

    @Test(arguments: slow)
    func whatTakesTooLongIsEnded(_ script: String) async throws {
        let fixture = try HandlerFixture()
        let process = "echo $$ > \(fixture.folder)/process\n"
        let outcome = try await fixture.run(
            try await limited(fixture, process + script),
            input: [.bytes(ByteBuffer(bytes: ProcessInvokerTests.megabyte))])
        #expect(outcome.failure == "ended after its 1 seconds (timeoutSeconds)")
        #expect(kill(try fixture.number(in: "process"), 0) == -1 && errno == ESRCH)
    }

    /// The whole group is ended, and so is one that does not hear of the polite signal.
    @Test func aGrandchildThatIgnoresTheSignalEndsToo() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            try await limited(
                fixture,
                """
                sh -c 'trap "" TERM; echo $$ > \(fixture.folder)/deaf; while :; do sleep 1; done' &
                sh -c 'echo $$ > \(fixture.folder)/hearing; while :; do sleep 1; done' &
                trap "" TERM
                wait
                """))
        #expect(outcome.failure == "ended after its 1 seconds (timeoutSeconds)")
        #expect(await HandlerFixture.ends(try fixture.number(in: "deaf")))
        #expect(await HandlerFixture.ends(try fixture.number(in: "hearing")))
    }

    /// One that lives on behind its first process ends with it, at once: neither time nor the
    /// output that it holds open is waited for.
    @Test func aGrandchildThatIsLeftBehindEnds() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            try await limited(
                fixture, "sleep 1000 & echo $! > \(fixture.folder)/behind; echo done", seconds: 600)
        )
        #expect(outcome.text == "done\n")
        #expect(await HandlerFixture.ends(try fixture.number(in: "behind")))
    }

    @Test func oneThatEndsInTimeIsFine() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(try await limited(fixture, "echo fine", seconds: 60))
        #expect(outcome.text == "fine\n")
    }

    // MARK: Output

    struct Output: CustomTestStringConvertible, Sendable {
        let script: String
        let kept: Int
        let isCut: Bool
        var testDescription: String { script }
    }

    static let outputs = [
        Output(script: "head -c 99 /dev/zero", kept: 99, isCut: false),
        Output(script: "head -c 100 /dev/zero", kept: 100, isCut: false),
        Output(script: "head -c 101 /dev/zero", kept: 100, isCut: true),
        Output(script: "head -c 5000000 /dev/zero", kept: 100, isCut: true),
        Output(script: "head -c 60 /dev/zero; head -c 60 /dev/zero", kept: 100, isCut: true),
    ]

    @Test(arguments: outputs)
    func keepsOutputUpToItsCap(_ output: Output) async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(output.script)
        program.outputBytesMax = 100
        let outcome = try await fixture.run(program)
        #expect(
            outcome
                == .answered(
                    output: [UInt8](repeating: 0, count: output.kept), isCut: output.isCut))
    }

    static let complaints = [(99, false), (100, false), (101, true), (5_000_000, true)]

    @Test(arguments: complaints)
    func keepsErrorOutputUpToItsCap(_ bytes: Int, isCut: Bool) async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program("head -c \(bytes) /dev/zero | tr '\\0' x >&2")
        program.errorBytesMax = 100
        #expect(try await fixture.run(program).text == "")
        let messages = fixture.log.lines.map(\.message)
        let kept = "handler: " + String(repeating: "x", count: min(bytes, 100))
        let rest = "handler: the rest of its standard error is left out"
        #expect(messages == (isCut ? [kept, rest] : [kept]))
    }

    // MARK: Memory, files

    private static let hungry = "perl -e '$x = \"a\" x 100_000_000; print length $x'"

    @Test func takesNoMoreMemoryThanItMay() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(Self.hungry)
        program.memoryBytesMax = 50_000_000
        #expect(try await fixture.run(program).failure != nil)
        program.memoryBytesMax = 1_073_741_824
        #expect(try await fixture.run(program).text == "100000000")
    }

    @Test func writesNoLargerFileThanItMay() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            """
            head -c 1000 /dev/zero > fits && echo fits
            head -c 1001 /dev/zero > over && echo over
            stat -c %s fits over
            """)
        program.fileBytesMax = 1_000
        #expect(try await fixture.run(program).text == "fits\n1000\n1000\n")
    }

    @Test func zeroIsNoLimit() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            "head -c 2000 /dev/zero > f; stat -c %s f; ulimit -v; ulimit -f; ulimit -c")
        program.memoryBytesMax = 0
        program.fileBytesMax = 0
        // Core files are never written: a mail might be in one.
        #expect(try await fixture.run(program).text == "2000\nunlimited\nunlimited\n0\n")
    }

    @Test func opensNoMoreFilesThanItMay() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            "perl -e 'for (0..99) { open($f[$_], \"<\", \"/dev/null\") or last; $n++ } print $n'")
        program.filesMax = 20
        let opened = try await number(fixture, program)
        #expect(opened > 0 && opened <= 17)
    }

    private func number(_ fixture: HandlerFixture, _ program: HandlerProgram) async throws -> Int {
        let text = try #require(try await fixture.run(program).text)
        return try #require(Int(text))
    }

    // MARK: Another user

    static let isRoot = geteuid() == 0
    static let needsRoot: Comment = "only root can start a handler as another user"

    /// Users that no machine has, one for each test: the limit of processes counts by user.
    private func user(_ id: UInt32) -> HandlerProgram.User {
        HandlerProgram.User(name: "somebody", id: id, group: id + 1)
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func runsAsItsUserAlone() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            """
            grep -E '^(Uid|Gid|Groups|CapEff|CapPrm):' /proc/self/status | tr -d ' \\t'
            cat "$MARTLET_EVENT_FILE"
            echo x > own && stat -c %u:%g own . event.json
            """)
        program.user = user(61_001)
        #expect(
            try await fixture.run(program).text == """
                Uid:61001610016100161001
                Gid:61002610026100261002
                Groups:
                CapPrm:0000000000000000
                CapEff:0000000000000000
                {"Records":[]}61001:61002
                61001:61002
                61001:61002

                """)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(fixture.workFolder)/61001")
                == [])
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func hasTheGroupsOfItsUser() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program("id -G")
        program.user = HandlerProgram.User(
            name: "somebody", id: 61_013, group: 61_014, groups: [61_014, 61_015])
        #expect(try await fixture.run(program).text == "61014 61015\n")
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func seesNoOtherHandlersFolder() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            """
            ls \(fixture.workFolder) 2>/dev/null || echo closed
            ls \(fixture.workFolder)/61002 2>/dev/null || echo closed
            """)
        var other = program
        other.name = "other"
        program.user = user(61_003)
        other.user = user(61_002)
        let outcome = try await fixture.invoker([program, other]).invoke(
            HandlerFixture.invocation())
        #expect(outcome.text == "closed\nclosed\n")
    }

    /// A handler that starts without end is stopped by its own limit, not by the machine's.
    @Test(.enabled(if: isRoot, needsRoot))
    func startsNoMoreProcessesThanItMay() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            "perl -e 'for (1..50) { my $p = fork; last unless defined $p; "
                + "if (!$p) { sleep 100; exit } $n++ } print $n'")
        program.user = user(61_005)
        program.processesMax = 10
        let few = try await number(fixture, program)
        #expect(few > 0 && few < 10)
        program.user = user(61_007)
        program.processesMax = 200
        #expect(try await fixture.run(program).text == "50")
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func aUserWhoMayNotRunTheProgramIsAFailure() async throws {
        let fixture = try HandlerFixture()
        let path = try await fixture.script("exit 0", mode: 0o700)
        var program = HandlerProgram(name: "handler", command: [path])
        program.user = user(61_009)
        #expect(
            try await fixture.run(program).failure
                == "could not be started: \(path): execve: Permission denied")
    }

    @Test(.enabled(if: !isRoot, "root may"))
    func onlyRootStartsAsAnother() async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program("exit 0")
        program.user = user(61_011)
        #expect(try await fixture.run(program).failure != nil)
    }
}
