import Hummingbird
import Logging
import PublicWeb
import ServiceLifecycle

/// `/healthz/live` (the process answers), `/healthz/ready` (it takes mail), `/metrics`
/// (Prometheus).
struct HealthServer: Service {
    static let connectionsMax = 16

    let address: String
    let port: Int
    let connectionsMax: Int
    /// Why no mail is taken; nil when it is.
    let notReady: @Sendable () -> String?
    let metrics: @Sendable () async -> String
    let log: Logger

    func run() async throws {
        let listener = HTTPListener(
            "health", address: address, port: port, connectionsMax: connectionsMax,
            perNetworkMax: connectionsMax, log: log)
        do {
            try await listener.run(addRoutes)
        } catch {
            throw Server.Failure(listeningOn: address, port: port, error: error)
        }
    }

    private func addRoutes(_ router: Router<BasicRequestContext>) {
        router.get("/healthz/live") { _, _ in "ok\n" }
        router.get("/healthz/ready") { _, _ in try ready() }
        router.get("/healthz") { _, _ in try ready() }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
        }
    }

    @Sendable private func ready() throws -> String {
        if let reason = notReady() {
            throw HTTPError(.serviceUnavailable, message: reason)
        }
        return "ok\n"
    }
}
