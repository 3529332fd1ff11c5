import Actions
import Foundation
import Glibc
import Handlers
import TestSupport
import Testing

/// What a handler starts ends with it, however it hides; and what it leaves in its folder goes
/// (attack H4).
@Suite struct HandlerDescendantsTests {
    /// Ways to leave a process behind, each of which writes its number to `hidden`.
    static let hiding = [
        "setsid sh -c 'echo $$ > F/hidden; sleep 1000' & sleep 0.2",
        "(setsid sh -c '(setsid sh -c \"echo \\$\\$ > F/hidden; sleep 1000\" &) ' &) ; sleep 0.4",
        "perl -e 'use POSIX; fork and exit; POSIX::setsid(); fork and exit; "
            + "open F, \">F/hidden\"; print F $$; close F; $SIG{TERM} = $SIG{HUP} = \"IGNORE\"; "
            + "sleep 1000' </dev/null >/dev/null 2>&1; sleep 0.4",
        "sh -c 'echo $$ > F/hidden; kill -STOP $$' & sleep 0.2",
    ]

    @Test(arguments: hiding)
    func nothingOutlivesTheProgram(_ script: String) async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            script.replacing("F/", with: "\(fixture.folder)/") + "; echo done")
        #expect(outcome.text == "done\n")
        // It has ended when the outcome is there.
        let hidden = try fixture.number(in: "hidden")
        #expect(kill(hidden, 0) == -1 && errno == ESRCH)
    }

    @Test(arguments: hiding)
    func nothingOutlivesItsTime(_ script: String) async throws {
        let fixture = try HandlerFixture()
        var program = try await fixture.program(
            "trap '' TERM; " + script.replacing("F/", with: "\(fixture.folder)/")
                + "; while :; do sleep 1; done")
        program.timeoutSeconds = 1
        #expect(
            try await fixture.run(program).failure == "ended after its 1 seconds (timeoutSeconds)")
        let hidden = try fixture.number(in: "hidden")
        #expect(kill(hidden, 0) == -1 && errno == ESRCH)
    }

    /// Whoever could end its keeper has not got away: the helper takes over.
    @Test func nothingOutlivesItsKeeper() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            """
            setsid sh -c 'echo $$ > \(fixture.folder)/hidden; sleep 1000' &
            sleep 0.3
            kill -KILL $PPID
            sleep 1000
            """)
        #expect(outcome.failure == "nobody knows how it ended: its keeper did not say")
        #expect(await HandlerFixture.ends(try fixture.number(in: "hidden")))
    }

    /// The end of the helper is the end of all runs.
    @Test func nothingOutlivesTheHelper() async throws {
        let fixture = try HandlerFixture()
        let program = try await fixture.program(
            """
            setsid sh -c 'echo $$ > \(fixture.folder)/hidden; sleep 1000' &
            sleep 0.3
            kill -KILL $(cut -d ' ' -f 4 /proc/$PPID/stat)
            sleep 1000
            """)
        let helper = try fixture.helper([program])
        let invoker = try ProcessInvoker(
            helper: helper, runningMax: 1, time: ManualTime(), log: fixture.log.logger)
        let outcome = await invoker.invoke(HandlerFixture.invocation())
        #expect(outcome.failure == "ended with its helper")
        #expect(await HandlerFixture.ends(try fixture.number(in: "hidden")))
        // It is heard of, and nothing can be started any more.
        await helper.waitForEnd()
        let next = await invoker.invoke(HandlerFixture.invocation())
        #expect(next.failure?.hasPrefix("could not be started: ") == true)
    }

    @Test func twoHundredRunsLeaveNoProcess() async throws {
        let fixture = try HandlerFixture()
        let helper = try fixture.helper([HandlerProgram(name: "handler", command: ["/bin/true"])])
        let invoker = try ProcessInvoker(
            helper: helper, runningMax: 4, time: ManualTime(), log: fixture.log.logger)
        await withTaskGroup(of: FunctionOutcome.self) { group in
            for _ in 0..<200 {
                group.addTask { await invoker.invoke(HandlerFixture.invocation()) }
            }
            for await outcome in group { #expect(outcome == .answered(output: [])) }
        }
        let helperProcess = helper.processID
        let deadline = ProcessInfo.processInfo.systemUptime + 10
        while try !HandlerFixture.children(of: helperProcess).isEmpty {
            try #require(ProcessInfo.processInfo.systemUptime < deadline)
            await Task.yield()
        }
    }

    // MARK: Its folder

    static let leavings = [
        "mkdir -p a/b/c; touch a/b/c/d; chmod 000 a/b/c a/b a",
        "ln -s / root; ln -s ../.. up; mkdir d; ln -s /etc d/etc",
        "touch a; for i in 1 2 3; do mkdir -p $i/.removed-0/.removed-1; touch $i/.removed-0/x; done",
        // Deeper than a path can say.
        "perl -e '$d = \"d\" x 200; for (1..40) { mkdir $d; chdir $d or die; open F, \">f\" }'",
        "perl -e 'for (1..500) { open F, \">a-rather-long-name-of-a-file-$_\" }'",
        "rm -rf \"$HOME\"",
        "d=$HOME; cd /; rmdir \"$d\" 2>/dev/null; rm -rf \"$d\"; ln -s /etc \"$d\"",
    ]

    @Test(arguments: leavings)
    func nothingIsLeftOfItsFolder(_ script: String) async throws {
        let fixture = try HandlerFixture()
        let kept = "\(fixture.folder)/kept"
        try "kept".write(toFile: kept, atomically: false, encoding: .utf8)
        var program = try await fixture.program(script)
        if geteuid() == 0 {
            program.user = HandlerProgram.User(name: "somebody", id: 61_021, group: 61_021)
        }
        #expect(try await fixture.run(program).text == "")
        let folder = "\(fixture.workFolder)/\(program.user?.id ?? geteuid())"
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        #expect(FileManager.default.fileExists(atPath: kept))
        #expect(fixture.log.lines.map(\.message) == [])
    }
}
