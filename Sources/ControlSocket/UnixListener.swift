import Glibc
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A Unix socket that is listened at: made for its owner alone, and removed at the end.
final class UnixListener: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let path: String
    private let socket = Mutex<NIOAsyncChannel<Connection, Never>?>(nil)

    init(path: String) {
        self.path = path
    }

    /// Binds, with mode 0600; before the process does anything in which its umask matters. Throws
    /// what the system says.
    func bind() async throws {
        unlink(path)
        let before = umask(0o177)
        defer { umask(before) }
        let bound = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            // Who has asked may close its side, and still gets its answer.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
        socket.withLock { $0 = bound }
    }

    /// Has connections served until graceful shutdown; those that are there go on to their end.
    func run(_ serve: @escaping @Sendable (Connection) async -> Void) async throws {
        guard let server = takeSocket() else { return }
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await serve(connection) }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
        unlink(path)
    }

    /// For a start that fails after `bind`.
    func abandon() async {
        guard let server = takeSocket() else { return }
        try? await server.executeThenClose { _ in }
        unlink(path)
    }

    private func takeSocket() -> NIOAsyncChannel<Connection, Never>? {
        socket.withLock { socket in
            defer { socket = nil }
            return socket
        }
    }
}

/// Closes a connection that does not go on in time.
final class ConnectionTimer: Sendable {
    private let channel: any Channel
    private let closing = Mutex<Scheduled<Void>?>(nil)

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// In place of a limit that was set before.
    func limit(to seconds: Int64) {
        let channel = channel
        let next = channel.eventLoop.scheduleTask(in: .seconds(seconds)) {
            channel.close(promise: nil)
        }
        replace(by: next)
    }

    func end() { replace(by: nil) }

    private func replace(by next: Scheduled<Void>?) {
        closing.withLock { closing in
            closing?.cancel()
            closing = next
        }
    }
}
