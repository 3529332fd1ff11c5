import Dispatch
import Glibc
import Synchronization

/// Writes log lines in their order, from one thread of its own: who logs never waits for who reads
/// the log. What waits is bounded; while there is no room lines are dropped and counted, and the
/// count is a line where they would have stood.
package final class LogWriter: Sendable {
    /// Of lines that wait; as much again may be with the thread that writes.
    package static let waitingBytesMax = 4_194_304
    /// More room that critical lines alone have: they say why the server ends.
    package static let criticalBytesMax = 65_536
    private static let endMilliseconds = 2_000

    private struct Queue {
        var waiting: [UInt8] = []
        var droppedLines = 0
        var isWriting = false
    }

    private let queue = Mutex(Queue())
    private let thread = DispatchQueue(label: "martlet.log")
    private let descriptor: Int32
    private let notice: @Sendable (Int) -> String
    private let onDrop: @Sendable () -> Void

    /// `notice` words the line for a count of dropped lines, and must not log.
    package init(
        descriptor: Int32, notice: @escaping @Sendable (Int) -> String,
        onDrop: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.notice = notice
        self.onDrop = onDrop
    }

    /// `line` with its line end.
    package func write(_ line: String, isCritical: Bool = false) {
        let bytesMax = Self.waitingBytesMax + (isCritical ? Self.criticalBytesMax : 0)
        let (isTaken, begins) = queue.withLock { queue in
            // After a dropped line all are, until the count stands: so the order is kept.
            guard isCritical || queue.droppedLines == 0,
                queue.waiting.count + line.utf8.count <= bytesMax
            else {
                queue.droppedLines += 1
                return (false, false)
            }
            queue.waiting += line.utf8
            defer { queue.isWriting = true }
            return (true, !queue.isWriting)
        }
        if !isTaken { onDrop() }
        if begins { thread.async { self.writeAll() } }
    }

    /// Says whether all lines so far were written in time.
    package func flush(milliseconds: Int) -> Bool {
        let done = DispatchSemaphore(value: 0)
        thread.async {
            self.writeAll()
            done.signal()
        }
        return done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    /// The end of the process: flushes. Where nobody reads, the descriptor leads nowhere from then
    /// on, so that what else is said at the end is not waited for either.
    package func end() {
        guard !flush(milliseconds: Self.endMilliseconds) else { return }
        let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard nowhere >= 0 else { return }
        dup2(nowhere, descriptor)
        close(nowhere)
    }

    private func writeAll() {
        while let bytes = next() { put(bytes) }
    }

    private func next() -> [UInt8]? {
        queue.withLock { queue in
            if queue.droppedLines > 0 { queue.waiting += notice(queue.droppedLines).utf8 }
            queue.droppedLines = 0
            queue.isWriting = !queue.waiting.isEmpty
            defer { queue.waiting = [] }
            return queue.isWriting ? queue.waiting : nil
        }
    }

    /// What cannot be written (nobody has the pipe's other end) is lost.
    private func put(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&readiness, 1, -1)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
