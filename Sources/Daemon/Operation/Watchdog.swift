import MailFlow
import MailModel
import NIOCore
import SQLStorage
import ServiceLifecycle
import Storage

/// Tells the service manager that all is well, as long as it is: every event loop answers, and the
/// one writer commits. A server that hangs is not heard of any more, and is started anew.
struct Watchdog: Service {
    let manager: ServiceManager
    /// What the manager waits at most.
    let microseconds: Int
    let loops: any EventLoopGroup
    let store: SQLStore
    let pause: any Pause

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            if await isWell() { manager.tell("WATCHDOG=1") }
            await pause.forMilliseconds(max(1, Int64(microseconds / 3_000)))
        }
    }

    /// Does not return while one of them hangs.
    private func isWell() async -> Bool {
        for loop in loops.makeIterator() {
            do {
                try await loop.submit {}.get()
            } catch {
                return false
            }
        }
        do throws(StorageFailure) {
            try await store.commitNothing()
            return true
        } catch {
            return false
        }
    }
}
