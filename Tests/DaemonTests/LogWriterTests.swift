import Daemon
import Glibc
import Synchronization
import Testing

@Suite struct LogWriterTests {
    private final class Drops: Sendable {
        private let lines = Mutex(0)

        var count: Int { lines.withLock { $0 } }

        func add() { lines.withLock { $0 += 1 } }
    }

    /// A writer before a pipe that is full and that nobody reads yet.
    private final class FullPipe {
        let writer: LogWriter
        let drops = Drops()
        private let reading: Int32
        private let writing: Int32
        private var filledBytes = 0

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
            _ = fcntl(writing, F_SETFL, O_NONBLOCK)
            while Glibc.write(writing, ".", 1) == 1 { filledBytes += 1 }
            _ = fcntl(writing, F_SETFL, 0)
            let drops = drops
            writer = LogWriter(
                descriptor: writing, notice: { "\($0) dropped\n" }, onDrop: { drops.add() })
        }

        /// What was written after what it was filled with, once it ends as said.
        func text(until end: String) throws -> String {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !bytes.suffix(end.utf8.count).elementsEqual(end.utf8) {
                let count = read(reading, &buffer, buffer.count)
                try #require(count > 0)
                bytes += buffer.prefix(count)
            }
            defer { filledBytes = 0 }
            return String(decoding: bytes.dropFirst(filledBytes), as: UTF8.self)
        }

        deinit {
            close(reading)
            close(writing)
        }
    }

    private static func line(_ text: String, bytes count: Int) -> String {
        text + String(repeating: ".", count: count - text.utf8.count - 1) + "\n"
    }

    /// Nobody who logs waits; the order is kept, and what was dropped is said where it was.
    @Test func aLogThatNobodyReadsHoldsUpNobody() throws {
        let full = try FullPipe()
        var written = 0
        while full.drops.count < 3 {
            full.writer.write(Self.line("line \(written)", bytes: 65_536))
            written += 1
        }
        full.writer.write("critical\n", isCritical: true)
        let taken = written - 3
        #expect(taken * 65_536 >= LogWriter.waitingBytesMax)
        #expect(taken * 65_536 <= 2 * LogWriter.waitingBytesMax)

        let lines = try full.text(until: " dropped\n").split(separator: "\n")
            .map { String($0.prefix { $0 != "." }) }
        let expected = (0..<taken).map { "line \($0)" } + ["critical", "3 dropped"]
        #expect(lines == expected)

        full.writer.write("after\n")
        #expect(full.writer.flush(milliseconds: 60_000))
        #expect(try full.text(until: "after\n") == "after\n")
    }

    @Test func whatWaitsIsBounded() {
        let max = LogWriter.waitingBytesMax
        let critical = max + LogWriter.criticalBytesMax
        for (bytes, isCritical, drops) in [
            (max, false, 0), (max + 1, false, 1), (critical, true, 0), (critical + 1, true, 1),
        ] {
            let dropped = Drops()
            let nowhere = open("/dev/null", O_WRONLY)
            defer { close(nowhere) }
            let writer = LogWriter(
                descriptor: nowhere, notice: { "\($0)\n" }, onDrop: { dropped.add() })
            writer.write(Self.line("", bytes: bytes), isCritical: isCritical)
            #expect(dropped.count == drops, "\(bytes) bytes")
            #expect(writer.flush(milliseconds: 60_000))
        }
    }

    @Test func theEndIsNotWaitedForWithoutEnd() throws {
        let full = try FullPipe()
        full.writer.write("never read\n")
        #expect(!full.writer.flush(milliseconds: 1))
        // Returns; and what is written then goes nowhere.
        full.writer.end()
        _ = try full.text(until: "never read\n")
        full.writer.write("nowhere\n")
        #expect(full.writer.flush(milliseconds: 60_000))
    }
}
