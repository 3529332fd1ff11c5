import Glibc
package import MailFlow
package import MailModel
import NIOCore
import ServiceLifecycle
import Synchronization

/// What the socket for local programs bounds.
package struct SubmitLimits: Sendable {
    /// One mail, as it is handed over.
    package var mailBytesMax: Int
    /// Connections at once; more are told to come later.
    package var connectionsMax: Int
    /// Of one user: nobody takes all of them.
    package var connectionsPerUserMax: Int
    /// For what stands before the mail, from the connection on.
    package var requestSecondsMax: Int64
    /// For the whole mail.
    package var mailSecondsMax: Int64

    package init(
        mailBytesMax: Int, connectionsMax: Int = 64, connectionsPerUserMax: Int = 32,
        requestSecondsMax: Int64 = 10, mailSecondsMax: Int64 = 300
    ) {
        self.mailBytesMax = mailBytesMax
        self.connectionsMax = connectionsMax
        self.connectionsPerUserMax = connectionsPerUserMax
        self.requestSecondsMax = requestSecondsMax
        self.mailSecondsMax = mailSecondsMax
    }
}

/// The socket where programs of this machine submit mail, and can do nothing else: a line of JSON
/// (`LocalMail`), the mail's bytes, and the answer as a line (`LocalAnswer`); then it is closed.
/// Who may connect is said by the socket's owner, group and mode.
package final class SubmitServer: Service {
    /// Why the socket cannot be had.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Whose members may submit.
    package struct Group: Sendable, Hashable {
        package var name: String
        package var id: UInt32

        package init(name: String, id: UInt32) {
            self.name = name
            self.id = id
        }
    }

    private let listener: UnixListener
    private let group: Group?
    private let domain: Domain
    private let limits: SubmitLimits
    private let flow: SubmissionFlow
    private let userName: @Sendable (UInt32) -> String?
    private let log: any SubmitLog
    private let connections = Mutex<[UInt32: Int]>([:])

    /// Without a group it is for our own user and root. `domain` is given to addresses without one;
    /// `userName` may block.
    package init(
        path: String, group: Group?, domain: Domain, limits: SubmitLimits, flow: SubmissionFlow,
        userName: @escaping @Sendable (UInt32) -> String?, log: any SubmitLog
    ) {
        listener = UnixListener(path: path)
        self.group = group
        self.domain = domain
        self.limits = limits
        self.flow = flow
        self.userName = userName
        self.log = log
    }

    /// Binds; before the process does anything in which its umask matters. Throws `Failure`, and
    /// what the system says.
    package func bind() async throws {
        try await listener.bind()
        guard let group else { return }
        let path = listener.path
        guard chown(path, uid_t.max, group.id) == 0, chmod(path, 0o660) == 0 else {
            throw Failure(
                description: "sending.submitSocket: \(path) cannot be given to the group "
                    + "“\(group.name)”: \(String(cString: strerror(errno))); the server's user "
                    + "has to be in it: usermod -aG \(group.name) USER")
        }
    }

    /// Until graceful shutdown; mails that are being handed over are taken.
    package func run() async throws {
        try await listener.run { await self.serve($0) }
    }

    /// For a start that fails after `bind`.
    package func abandon() async { await listener.abandon() }

    private func serve(_ connection: UnixListener.Connection) async {
        guard let credentials = await PeerCredentials(of: connection.channel) else { return }
        let user = LocalUser(id: credentials.user, name: userName(credentials.user))
        let refusal = enter(user.id)
        defer { if refusal == nil { leave(user.id) } }
        // Who went before it was answered has been told of.
        try? await connection.executeThenClose { inbound, outbound in
            let served = SubmitConnection(
                connection.channel, limits: limits, flow: flow, user: user, domain: domain,
                log: log)
            try await served.serve(inbound, outbound, refusal: refusal)
        }
    }

    /// Why a connection is not served; nil where it is, and counts.
    private func enter(_ user: UInt32) -> LocalRefusal? {
        connections.withLock { connections in
            let all = connections.values.reduce(0, +)
            guard all < limits.connectionsMax,
                connections[user, default: 0] < limits.connectionsPerUserMax
            else { return LocalRefusal(.later, "too many programs hand over mail at once") }
            connections[user, default: 0] += 1
            return nil
        }
    }

    private func leave(_ user: UInt32) {
        connections.withLock { connections in
            let left = connections[user, default: 1] - 1
            connections[user] = left == 0 ? nil : left
        }
    }
}
