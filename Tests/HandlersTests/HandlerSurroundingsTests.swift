import Actions
import Foundation
import Glibc
import Handlers
import TestSupport
import Testing

/// What a handler finds around itself: an environment, a folder and descriptors of its own, and
/// nothing of ours.
@Suite struct HandlerSurroundingsTests {
    private func program(_ command: String...) -> HandlerProgram {
        HandlerProgram(name: "handler", command: command)
    }

    private func lines(_ outcome: FunctionOutcome) throws -> [String] {
        try #require(outcome.text).split(separator: "\n").map(String.init).sorted()
    }

    // MARK: Environment

    @Test func inheritsNothing() async throws {
        let fixture = try HandlerFixture()
        var program = program("/usr/bin/env")
        program.environment = ["QUEUE": "support", "MARTLET_RULE": "forged", "LANG": "de_DE.UTF-8"]
        let outcome = try await fixture.run(
            program,
            environment: [(name: "MARTLET_RULE", value: "rule"), (name: "MARTLET_A", value: "=")])
        let lines = try lines(outcome)
        let folder = try #require(lines.first { $0.hasPrefix("HOME=") }).dropFirst(5)
        #expect(folder.hasPrefix("\(fixture.ownFolder)/"))
        #expect(
            lines == [
                "HOME=\(folder)", "LANG=de_DE.UTF-8", "MARTLET_A==",
                "MARTLET_EVENT_FILE=\(folder)/event.json", "MARTLET_RULE=rule",
                "PATH=/usr/local/bin:/usr/bin:/bin", "QUEUE=support", "TMPDIR=\(folder)",
            ])
    }

    /// Whoever asks for a run can set nothing but what describes a mail.
    @Test(arguments: ["LD_PRELOAD", "PATH", "MARTLET", "MARTLET_", "MARTLET_A B", "martlet_a", ""])
    func noOtherVariableIsTaken(_ name: String) async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            program("/usr/bin/env"), environment: [(name: name, value: "x")])
        #expect(
            outcome.failure
                == "could not be started: /usr/bin/env: environment: Invalid argument")
    }

    /// The kernel takes a variable of 128 KiB with its end, and the helper 160 KiB in all.
    @Test func variablesAreBounded() async throws {
        let fixture = try HandlerFixture()
        let lengths = [131_072, 131_073, 163_840, 163_841]
        var outcomes: [Bool] = []
        for length in lengths {
            let value = String(repeating: "x", count: length - "MARTLET_A=".count - 1)
            let outcome = try await fixture.run(
                program("/bin/true"), environment: [(name: "MARTLET_A", value: value)])
            outcomes.append(outcome.failure == nil)
        }
        #expect(outcomes == [true, false, false, false])
    }

    @Test func noShellReadsItsArguments() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            program("/usr/bin/printf", "%s\\n", "a b", "$HOME", "*", "; exit 1", ""))
        #expect(outcome.text == "a b\n$HOME\n*\n; exit 1\n\n")
    }

    // MARK: Descriptors

    @Test func hasNoDescriptorOfOurs() async throws {
        let fixture = try HandlerFixture()
        // Without close-on-exec: what a library of ours might leave open.
        let leaked = open("/dev/null", O_RDONLY)
        defer { close(leaked) }
        // 3 is the folder that `ls` reads.
        let outcome = try await fixture.run(program("/bin/ls", "/proc/self/fd"))
        #expect(try lines(outcome) == ["0", "1", "2", "3"])
    }

    @Test func isInASessionOfItsOwn() async throws {
        let fixture = try HandlerFixture()
        // pid, parent, group, session, terminal.
        let outcome = try await fixture.run("cut -d ' ' -f 1,5,6,7 /proc/$$/stat; echo $$")
        let words = try #require(outcome.text).split { $0 == " " || $0 == "\n" }
        try #require(words.count == 5)
        #expect(Set(words[..<3] + words[4...]).count == 1)
        #expect(words[3] == "0")
    }

    @Test func startsWithDefaultsOfTheSystem() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(program("/bin/cat", "/proc/self/status"))
        let status = Dictionary(
            try lines(outcome).map { line in
                (String(line.prefix { $0 != ":" }), String(line.drop { $0 != "\t" }.dropFirst()))
            }, uniquingKeysWith: { first, _ in first })
        #expect(status["NoNewPrivs"] == "1")
        // 32 and 33 are the C library's own: it lets nobody set them.
        let ours: UInt64 = ~(0b11 << 31)
        for name in ["SigBlk", "SigIgn", "SigCgt"] {
            let signals = try #require(UInt64(status[name] ?? "", radix: 16))
            #expect(signals & ours == 0, "\(name)")
        }
    }

    // MARK: Its folder

    @Test func startsInAnEmptyFolderThatIsRemoved() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run(
            "pwd; ls -A; stat -c %a .; echo left > left; mkdir inner; : > inner/left")
        let lines = try #require(outcome.text).split(separator: "\n")
        #expect(lines.first?.hasPrefix("\(fixture.ownFolder)/") == true)
        #expect(lines.dropFirst() == ["event.json", "700"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.ownFolder) == [])
    }

    @Test func findsTheEventInAFile() async throws {
        let fixture = try HandlerFixture()
        let outcome = try await fixture.run("cat \"$MARTLET_EVENT_FILE\"")
        #expect(outcome == .answered(output: HandlerFixture.event))
    }

    @Test func nobodyListsTheWorkFolder() async throws {
        let fixture = try HandlerFixture()
        _ = try fixture.invoker([])
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.workFolder)
        #expect(attributes[.posixPermissions] as? Int == 0o711)
    }

    @Test func whatAnEndedServerLeftIsRemoved() async throws {
        let fixture = try HandlerFixture()
        let left = "\(fixture.ownFolder)/1-1"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try "left".write(toFile: "\(left)/event.json", atomically: false, encoding: .utf8)
        #expect(try await fixture.run("ls -A").text == "event.json\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.ownFolder) == [])
    }
}
