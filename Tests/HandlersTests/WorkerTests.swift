import Actions
import Dispatch
import Foundation
import Handlers
import NIOCore
import TestSupport
import Testing

/// Programs that live for many mails, as real processes.
@Suite(.timeLimit(.minutes(5))) struct WorkerTests {
    /// A running worker: what a test wrote, in Python, as one process unless it says otherwise.
    private struct Worker {
        let fixture: HandlerFixture
        let invoker: ProcessInvoker

        init(
            _ text: String, processes: Int = 1, _ change: (inout HandlerProgram) -> Void = { _ in }
        ) async throws {
            fixture = try HandlerFixture()
            var program = HandlerProgram(
                name: "handler",
                command: [
                    try await fixture.file(
                        "#!/usr/bin/env python3\nimport json, os, sys, time\n\(text)\n")
                ])
            program.kind = .worker(processes: processes)
            program.environment = ["OUT": fixture.folder]
            change(&program)
            invoker = try fixture.invoker([program])
            invoker.start()
        }

        func ask(_ mail: String) async -> FunctionOutcome {
            await invoker.invoke(
                HandlerFixture.invocation(
                    input: [.bytes(ByteBuffer(string: mail))],
                    environment: [("MARTLET_RULE", "rule")]))
        }

        /// The process that answered.
        func process(_ mail: String = "one") async throws -> Int32 {
            let text = try #require(await ask(mail).text)
            let end = try #require(text.range(of: "\"process\": "))
            return try #require(Int32(text[end.upperBound...].prefix { $0.isNumber }))
        }

        /// The log's lines that begin with `text`, once there are so many.
        func logged(_ text: String, times: Int = 1) async -> [CollectedLog.Line] {
            await fixture.log.lines(atLeast: times) { $0.message.hasPrefix(text) }
        }

        func ended(times: Int = 1) async -> [CollectedLog.Line] {
            await logged("handler: a process has ended", times: times)
        }

        /// Ends the processes, on a thread that may wait.
        func end() async {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    invoker.end()
                    continuation.resume()
                }
            }
        }
    }

    /// Answers, and does what the mail says.
    private static let answers = """
        def answer(**members):
            print(json.dumps({"process": os.getpid(), **members}), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            mail = open(request["mail"]["path"]).read()
            assert len(mail) == request["mail"]["bytes"], mail
            number = request["id"]
            match mail:
                case "error": answer(id=number, error="as asked")
                case "other": answer(id=number + 1)
                case "nonsense": print("hello", flush=True)
                case "twice": print(json.dumps({"id": number}) + "\\n{}", flush=True)
                case "long": answer(id=number, text="x" * 10_000)
                case "endless":
                    while True: sys.stdout.write("x" * 10_000)
                case "die": sys.exit(3)
                case "end": sys.exit()
                case "kill": os.kill(os.getpid(), 9)
                case "deaf": os.close(1); time.sleep(1000)
                case "hang": time.sleep(1000)
                case "complain":
                    print("about a mail", file=sys.stderr, flush=True)
                    answer(id=number)
                case "loud":
                    print("x\\n" * 100_000, file=sys.stderr, flush=True)
                    answer(id=number)
                case "last words":
                    answer(id=number)
                    print("after it", file=sys.stderr, flush=True)
                case "chatter":
                    answer(id=number)
                    # Emptied once the answer was read.
                    while os.fstat(3).st_size > 0: time.sleep(0.01)
                    print("and more", flush=True)
                case "leave":
                    answer(id=number)
                    sys.exit(4)
                case _: answer(id=number, mail=mail, rule=request["environment"]["MARTLET_RULE"])
        """

    @Test func oneProcessIsAskedAboutMailAfterMail() async throws {
        let worker = try await Worker(Self.answers)
        let first = try await worker.process("a long one")
        let second = await worker.ask("short")
        #expect(second.text?.contains("\"mail\": \"short\", \"rule\": \"rule\"") == true)
        #expect(try await worker.process() == first)
    }

    @Test func allProcessesAreAskedAtOnce() async throws {
        // Each answers when all have been asked.
        let worker = try await Worker(
            """
            for line in sys.stdin:
                open(os.path.join(os.environ["OUT"], f"asked-{os.getpid()}"), "w").close()
                while sum(n.startswith("asked-") for n in os.listdir(os.environ["OUT"])) < 3:
                    time.sleep(0.01)
                print(json.dumps({"id": json.loads(line)["id"]}), flush=True)
            """, processes: 3)
        await withTaskGroup(of: FunctionOutcome.self) { group in
            for _ in 0..<12 { group.addTask { await worker.ask("one") } }
            for await outcome in group { #expect(outcome.failure == nil) }
        }
    }

    @Test func anErrorFailsItsMailAndKeepsTheProcess() async throws {
        let worker = try await Worker(Self.answers)
        let first = try await worker.process()
        #expect(await worker.ask("error").failure == "as asked")
        #expect(try await worker.process() == first)
    }

    @Test(arguments: [
        ("other", "it answered "), ("nonsense", "its answer is no JSON object"),
        ("twice", "it says more than it is asked"),
        ("long", "its answer is too long (outputBytesMax)"),
        ("endless", "its answer is too long (outputBytesMax)"), ("die", "exit status 3"),
        ("end", "exit status 0"), ("kill", "ended by signal 9"),
        ("deaf", "it closed its standard output"),
    ])
    func whatIsNoAnswerEndsTheProcessAndTheNextMailGetsANewOne(
        _ mail: String, _ reason: String
    ) async throws {
        let worker = try await Worker(Self.answers) { $0.outputBytesMax = 5_000 }
        let first = try await worker.process()
        let failure = await worker.ask(mail).failure
        #expect(failure?.hasPrefix(reason) == true, "\(failure ?? "")")
        #expect(!HandlerFixture.isRunning(first))
        #expect(try await worker.process() != first)
        let line = try #require(await worker.ended().first)
        #expect(line.metadata == ["handler": "handler", "reason": failure ?? "", "restart": "0 s"])
    }

    @Test func oneThatDoesNotAnswerIsEndedWhenItsTimeIsOver() async throws {
        let worker = try await Worker(
            "print(os.getpid(), file=sys.stderr, flush=True); sys.stdin.read()"
        ) {
            $0.timeoutSeconds = 1
        }
        let line = try #require(await worker.logged("handler: ").first)
        let process = try #require(Int32(line.message.dropFirst("handler: ".count)))
        #expect(await worker.ask("one").failure == "no answer in 1 seconds (timeoutSeconds)")
        #expect(!HandlerFixture.isRunning(process))
    }

    /// A larger request than a pipe takes, to a program that reads nothing.
    @Test func oneThatDoesNotReadIsEndedWhenItsTimeIsOver() async throws {
        let worker = try await Worker(
            "import select; end = select.poll(); end.register(0, 0); end.poll()"
        ) { $0.timeoutSeconds = 1 }
        var invocation = HandlerFixture.invocation()
        invocation.event = [UInt8](repeating: 0x20, count: 1_000_000) + Array("{}".utf8)
        let outcome = await worker.invoker.invoke(invocation)
        #expect(outcome.failure == "no answer in 1 seconds (timeoutSeconds)")
    }

    @Test func whatItStartedEndsWithIt() async throws {
        let worker = try await Worker(
            """
            import subprocess
            child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            for line in sys.stdin:
                print(json.dumps({"id": json.loads(line)["id"], "process": child.pid}), flush=True)
                if json.loads(line)["mail"]["bytes"] == 3: continue
                sys.exit()
            """)
        let child = try await worker.process("one")
        #expect(HandlerFixture.isRunning(child))
        #expect(try await worker.process("last one") == child)
        _ = await worker.ended()
        #expect(try await worker.process("one") != child)
        #expect(!HandlerFixture.isRunning(child))
    }

    // MARK: Between mails

    /// What it did after its answer is not the next mail's fault.
    @Test(arguments: [
        ("chatter", "it says something and is not asked"), ("leave", "exit status 4"),
    ])
    func aProcessThatGoesAstrayAtRestIsReplaced(_ mail: String, _ reason: String) async throws {
        let worker = try await Worker(Self.answers)
        let first = try await worker.process(mail)
        let line = try #require(await worker.ended().first)
        #expect(line.metadata["reason"] == reason)
        #expect(try await worker.process() != first)
    }

    @Test func standardErrorIsOfTheMailThatWasAtWork() async throws {
        let worker = try await Worker(Self.answers)
        _ = await worker.ask("complain")
        let line = try #require(await worker.logged("handler: about a mail").first)
        #expect(line.metadata["handler"] == "handler")
        #expect(line.metadata["mail"] != nil)
    }

    @Test func standardErrorAtRestIsOfNoMail() async throws {
        let worker = try await Worker(
            """
            print("I start", file=sys.stderr, flush=True)
            \(Self.answers)
            """)
        let start = try #require(await worker.logged("handler: I start").first)
        #expect(start.metadata == ["handler": "handler"])
        _ = await worker.ask("last words")
        // With the mail, where it was quick enough.
        let line = try #require(await worker.logged("handler: after it").first)
        #expect(line.metadata["handler"] == "handler")
    }

    @Test func standardErrorIsBoundedForEachMail() async throws {
        let worker = try await Worker(Self.answers) { $0.errorBytesMax = 10 }
        for _ in 0..<2 { #expect(await worker.ask("loud").failure == nil) }
        _ = try await worker.process()
        let mine = worker.fixture.log.lines.filter { $0.metadata["mail"] != nil }
        #expect(mine.filter { $0.message == "handler: x" }.count == 10)
        #expect(
            mine.filter { $0.message == "handler: the rest of its standard error is left out" }
                .count == 2)
    }

    /// It is read on all the same: the worker is not held up.
    @Test func standardErrorAtRestIsBounded() async throws {
        let worker = try await Worker(
            """
            print("x\\n" * 100_000, file=sys.stderr, flush=True)
            \(Self.answers)
            """
        ) { $0.errorBytesMax = 10 }
        _ = await worker.logged("handler: the rest of its standard error is left out")
        _ = try await worker.process()
        let lines = worker.fixture.log.lines
        #expect(lines.filter { $0.message == "handler: x" }.count == 5)
        #expect(lines.filter { $0.message.hasPrefix("handler: the rest") }.count == 1)
    }

    @Test func theMailIsGoneAfterTheAnswer() async throws {
        let worker = try await Worker(
            """
            for line in sys.stdin:
                request = json.loads(line)
                size = os.fstat(3).st_size
                print(json.dumps({"id": request["id"], "process": size}), flush=True)
                while os.fstat(3).st_size > 0: time.sleep(0.01)
                print("it is empty", file=sys.stderr, flush=True)
            """)
        #expect(try await worker.process("four") == 4)
        _ = await worker.logged("handler: it is empty")
    }

    // MARK: Starting

    @Test func aProgramThatEndsAtItsStartIsTriedLaterAndLater() async throws {
        let worker = try await Worker("sys.exit('no database')")
        // The first is replaced at once, and then nobody is, until a second has passed.
        let ended = await worker.ended(times: 2)
        #expect(
            await worker.ask("one").failure
                == "no process of it works (the next is started in 1 s): exit status 1")
        #expect(ended.map { $0.metadata["restart"] } == ["0 s", "1 s"])
        #expect(await worker.logged("handler: no database", times: 2).count == 2)
        worker.fixture.time.advance(seconds: 1)
        // It may have ended before it could be asked.
        #expect(await worker.ask("one").failure?.hasSuffix("exit status 1") == true)
        #expect(
            await worker.ask("one").failure
                == "no process of it works (the next is started in 2 s): exit status 1")
    }

    @Test func aProgramThatIsMissingIsNamed() async throws {
        let worker = try await Worker("") { $0.command = ["/nowhere/worker"] }
        _ = await worker.ended(times: 2)
        #expect(
            await worker.ask("one").failure?.hasSuffix(
                ": could not be started: /nowhere/worker: execve: No such file or directory")
                == true)
    }

    @Test func aProcessThatIsKilledAtRestIsReplacedWithoutAMail() async throws {
        let worker = try await Worker(
            """
            print("I am", os.getpid(), file=sys.stderr, flush=True)
            \(Self.answers)
            """)
        let first = try await worker.process()
        kill(first, SIGKILL)
        _ = await worker.logged("handler: I am", times: 2)
        #expect(try await worker.process() != first)
    }

    // MARK: The end

    @Test func standardInputEndsWithTheServer() async throws {
        let worker = try await Worker(
            "\(Self.answers)\nopen(os.path.join(os.environ['OUT'], 'ended'), 'w').close()")
        let first = try await worker.process()
        await worker.end()
        #expect(FileManager.default.fileExists(atPath: "\(worker.fixture.folder)/ended"))
        #expect(!HandlerFixture.isRunning(first))
        #expect(await worker.ask("one").failure == "the server ends")
    }

    @Test func whoDoesNotEndWithTheServerIsEnded() async throws {
        let worker = try await Worker("\(Self.answers)\ntime.sleep(1000)")
        let first = try await worker.process()
        await worker.end()
        #expect(!HandlerFixture.isRunning(first))
    }

    @Test func mailsThatAreAtWorkAndThatWaitFailAtTheEnd() async throws {
        let worker = try await Worker(
            """
            for line in sys.stdin:
                open(os.path.join(os.environ["OUT"], "asked"), "w").close()
                sys.stdin.read()
            """)
        let path = "\(worker.fixture.folder)/asked"
        async let first = worker.ask("one")
        while !FileManager.default.fileExists(atPath: path) { await Task.yield() }
        async let second = worker.ask("two")
        await worker.end()
        #expect(await first.failure == "the server ends")
        #expect(await second.failure == "the server ends")
    }
}
