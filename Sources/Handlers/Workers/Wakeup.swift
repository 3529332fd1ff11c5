import Glibc

/// Wakes a thread that waits in poll(2) for it beside others.
final class Wakeup: Sendable {
    /// Readable once it was called, until it is cleared.
    let reading: Int32
    private let writing: Int32

    init() throws(HandlerRun.StartFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HandlerRun.StartFailure("pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Where the pipe is full it is readable anyway.
    func call() {
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
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
