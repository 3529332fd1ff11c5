import Glibc

/// Wakes a thread that waits in poll(2) for it beside others.
final class Wakeup: Sendable {
    /// Nobody closes it before us.
    private nonisolated(unsafe) let pipe: Pipe

    init() throws(HandlerRun.StartFailure) {
        pipe = try Pipe()
        pipe.reading.setNonBlocking()
        pipe.writing.setNonBlocking()
    }

    /// Readable once it was called, until it is cleared.
    var reading: Int32 { pipe.reading.number }

    /// Where the pipe is full it is readable anyway.
    func call() {
        var byte: UInt8 = 1
        _ = write(pipe.writing.number, &byte, 1)
    }

    func clear() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(reading, &bytes, bytes.count) > 0 {}
    }

    /// Returns once it was called, and clears it.
    func wait() {
        var end = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        while poll(&end, 1, -1) < 0 {}
        clear()
    }
}
