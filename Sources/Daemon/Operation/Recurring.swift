import Logging
import MailFlow
import MailModel
import ServiceLifecycle

/// One thing that is done again and again by the clock, until graceful shutdown. Each has a
/// service of its own, so that none waits for another; what fails is logged and tried at the next
/// turn.
struct Recurring: Service {
    let name: String
    let everyMilliseconds: Int64
    let pause: any Pause
    let log: Logger
    let turn: @Sendable () async throws -> Void

    func run() async throws {
        while !Task.isShuttingDownGracefully {
            await pause.forMilliseconds(everyMilliseconds)
            do {
                try await turn()
            } catch {
                log.error("\(name) failed", metadata: ["error": "\(error)"])
            }
        }
    }
}
