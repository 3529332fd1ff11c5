import Synchronization

/// What many bring and a few take, all that came at once: passes whose handler was asked, on their way
/// to the journal. One commit takes those that came while the one before was written, so that no
/// handler's place waits for the disk.
final class Gathering<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isClosed = false
        var readers: [CheckedContinuation<Void, Never>] = []
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let max: Int

    /// Once `max` wait, who brings more waits, too.
    init(max: Int) {
        self.max = max
    }

    /// Returns once there is room for more.
    func add(_ element: Element) async {
        let reader = state.withLock { state in
            state.elements.append(element)
            return state.readers.popLast()
        }
        reader?.resume()
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if state.elements.count < max { return true }
                state.writers.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    /// All that wait, once there are any; none when it is closed.
    func takeAll() async -> [Element] {
        while true {
            await waitForSome()
            let (taken, writers, isClosed) = state.withLock { state in
                defer {
                    state.elements = []
                    state.writers = []
                }
                return (state.elements, state.writers, state.isClosed)
            }
            for writer in writers { writer.resume() }
            // Another reader may have been here before.
            if !taken.isEmpty || isClosed { return taken }
        }
    }

    private func waitForSome() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if !state.elements.isEmpty || state.isClosed { return true }
                state.readers.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    /// Nothing is added any more.
    func close() {
        let readers = state.withLock { state in
            state.isClosed = true
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.resume() }
    }
}
