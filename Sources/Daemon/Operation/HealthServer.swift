import Hummingbird
import Logging
import ServiceLifecycle

/// `/healthz/live` (the process answers), `/healthz/ready` (it takes mail), `/metrics`
/// (Prometheus).
struct HealthServer: Service {
    let address: String
    let port: Int
    /// Why no mail is taken; nil when it is.
    let notReady: @Sendable () -> String?
    let metrics: @Sendable () async -> String
    let log: Logger

    func run() async throws {
        let router = Router()
        router.get("/healthz/live") { _, _ in "ok\n" }
        router.get("/healthz/ready") { _, _ in try ready() }
        router.get("/healthz") { _, _ in try ready() }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
        }
        // It would say beside us that it listens.
        var quietLog = log
        quietLog.logLevel = max(log.logLevel, .warning)
        let server = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(address, port: port)),
            onServerRunning: { channel in
                log.notice(
                    "health listens",
                    metadata: [
                        "address": "\(address)", "port": "\(channel.localAddress?.port ?? port)",
                    ])
            }, logger: quietLog)
        do {
            try await server.run()
        } catch {
            throw Server.Failure(listeningOn: address, port: port, error: error)
        }
    }

    @Sendable private func ready() throws -> String {
        if let reason = notReady() {
            throw HTTPError(.serviceUnavailable, message: reason)
        }
        return "ok\n"
    }
}
