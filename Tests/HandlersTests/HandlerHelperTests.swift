import Actions
import Foundation
import Glibc
import Handlers
import NIOCore
import TestSupport
import Testing

/// What holds up the helper or a keeper holds up nobody else for good (attack H4).
@Suite struct HandlerHelperTests {
    static let somebody = HandlerProgram.User(name: "somebody", id: 61_022, group: 61_022)

    /// Two runs of one user: one tries to stop the other's keeper for as long as that is there, also
    /// while it removes a folder with the rights of both.
    @Test(.enabled(if: geteuid() == 0, "only root can start a handler as another user"))
    func aKeeperIsNotItsUsersToStop() async throws {
        let fixture = try HandlerFixture()
        var busy = HandlerProgram(
            name: "busy",
            command: [
                "/bin/sh", "-c",
                "echo $PPID > \(fixture.folder)/new; mv \(fixture.folder)/new "
                    + "\(fixture.folder)/keeper; mkdir a; cd a; "
                    + "i=0; while [ $i -lt 3000 ]; do : > $i; i=$((i+1)); done",
            ])
        var stopping = HandlerProgram(
            name: "stopping",
            command: [
                "/usr/bin/perl", "-e",
                "my $f = '\(fixture.folder)/keeper'; select undef, undef, undef, 0.01 until -e $f; "
                    + "open F, $f; my $k = <F>; chomp $k; "
                    + "while (1) { if (kill 'STOP', $k) { print 'stopped'; exit } "
                    + "last if $!{ESRCH} } print 'refused'",
            ])
        busy.user = Self.somebody
        stopping.user = Self.somebody
        chmod(fixture.folder, 0o777)
        let invoker = try fixture.invoker([busy, stopping])
        async let first = invoker.invoke(HandlerFixture.invocation(handler: "stopping"))
        async let second = invoker.invoke(HandlerFixture.invocation(handler: "busy"))
        #expect(await first.text == "refused")
        #expect(await second.text == "")
    }

    /// Two requests fill its queue: the third is given up, and no thread waits for good.
    @Test func aHelperThatTakesNoRequestIsNotWaitedFor() async throws {
        let fixture = try HandlerFixture()
        let helper = try fixture.helper([
            HandlerProgram(name: "handler", command: ["/bin/true"])
        ])
        let invoker = try ProcessInvoker(
            helper: helper, runningMax: 3, time: ManualTime(), log: fixture.log.logger)
        let large = [(name: "MARTLET_A", value: String(repeating: "x", count: 120_000))]
        let invocation = HandlerFixture.invocation(environment: large)
        #expect(kill(helper.processID, SIGSTOP) == 0)
        let outcomes = await withTaskGroup(of: FunctionOutcome.self) { group in
            for _ in 0..<3 { group.addTask { await invoker.invoke(invocation) } }
            var outcomes: [FunctionOutcome] = []
            for await outcome in group {
                outcomes.append(outcome)
                // The others wait in the queue, and are done once somebody looks.
                kill(helper.processID, SIGCONT)
            }
            return outcomes
        }
        #expect(
            outcomes.first?.failure
                == "could not be started: the helper could not be asked: Connection timed out")
        #expect(outcomes.dropFirst() == [.answered(output: []), .answered(output: [])])
        #expect(await invoker.invoke(invocation) == .answered(output: []))
    }
}
