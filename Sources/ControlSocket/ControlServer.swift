package import ControlPlane
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The control socket: one JSON request a line; the answers to each, a line each, of which the last
/// is no part (`ControlAnswer.isPart`). Only our own user and root can open it (mode 0600), and
/// nobody else is answered, whatever the mode has become.
package final class ControlServer: Service {
    /// Connections at once; more are told so, and closed.
    private static let connectionsMax = 32

    private let listener: UnixListener
    private let control: ControlPlane
    private let log: Logger
    private let connections = Mutex(0)

    package init(path: String, control: ControlPlane, log: Logger) {
        listener = UnixListener(path: path)
        self.control = control
        self.log = log
    }

    /// Binds; before the process does anything in which its umask matters.
    /// Throws what the system says.
    package func bind() async throws {
        try await listener.bind()
    }

    /// Until graceful shutdown; questions under way are answered, idle connections end.
    package func run() async throws {
        try await listener.run { await self.serve($0) }
    }

    /// For a start that fails after `bind`.
    package func abandon() async { await listener.abandon() }

    private func serve(_ connection: UnixListener.Connection) async {
        let refusal = await refusal(of: connection.channel)
        defer { if refusal == nil { connections.withLock { $0 -= 1 } } }
        do {
            try await connection.executeThenClose { inbound, outbound in
                let served = ControlConnection(connection.channel, control: control, log: log)
                if let refusal { return try await served.refuse(refusal, inbound, outbound) }
                try await served.serve(inbound, outbound)
            }
        } catch {
            log.debug("a control connection ended: \(error)")
        }
    }

    /// Why a connection is not served; nil where it is, and counts.
    private func refusal(of channel: any Channel) async -> ControlFailure? {
        let credentials = await PeerCredentials(of: channel)
        guard let credentials, credentials.isTrusted else {
            log.warning(
                "a control connection was refused",
                metadata: ["user": "\(credentials.map { "\($0.user)" } ?? "unknown")"])
            return ControlFailure(.invalid, "only root and the server's own user may ask")
        }
        return connections.withLock { count in
            guard count < Self.connectionsMax else {
                return ControlFailure(
                    .unavailable, "\(Self.connectionsMax) commands are at work already")
            }
            count += 1
            return nil
        }
    }
}
