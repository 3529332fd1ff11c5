import Glibc
import NIOCore

/// Who is at the other end of a Unix socket, as the kernel says. unix(7): `SO_PEERCRED`.
struct PeerCredentials {
    // Glibc's `struct ucred`, which stands behind _GNU_SOURCE.
    private struct Wire {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }

    let user: uid_t

    /// Nil where the kernel does not say.
    init?(of channel: any Channel) async {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let option: EventLoopFuture<Wire> = provider.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET),
            name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        guard let user = try? await option.map({ $0.user }).get() else { return nil }
        self.user = user
    }

    /// Whether the peer may ask: our own user, and root.
    var isTrusted: Bool { user == 0 || user == geteuid() }
}
