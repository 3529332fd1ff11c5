package import ControlPlane
import Foundation
import Glibc
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The control socket: one JSON request a line, one JSON answer a line. Only our own user and
/// root can open it (mode 0600).
package final class ControlServer: Service {
    /// A request; the longest is a filter with an address.
    private static let requestBytesMax = 65_536

    private let path: String
    private let control: ControlPlane
    private let log: Logger
    private let socket = Mutex<NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>?>(
        nil)

    package init(path: String, control: ControlPlane, log: Logger) {
        self.path = path
        self.control = control
        self.log = log
    }

    /// Binds; before the process does anything in which its umask matters.
    /// Throws what the system says.
    package func bind() async throws {
        unlink(path)
        let before = umask(0o177)
        defer { umask(before) }
        let bound = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        socket.withLock { $0 = bound }
    }

    /// Until graceful shutdown; questions under way are answered, idle connections end.
    package func run() async throws {
        guard let server = takeSocket() else { return }
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await self.serve(connection) }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
        unlink(path)
    }

    /// For a start that fails after `bind`.
    package func abandon() async {
        guard let server = takeSocket() else { return }
        try? await server.executeThenClose { _ in }
        unlink(path)
    }

    private func takeSocket() -> NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>? {
        socket.withLock { socket in
            defer { socket = nil }
            return socket
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var waiting = ByteBuffer()
                for try await var bytes in inbound.cancelOnGracefulShutdown() {
                    waiting.writeBuffer(&bytes)
                    while let line = Self.line(&waiting) {
                        try await outbound.write(await answer(line))
                    }
                    guard waiting.readableBytes <= Self.requestBytesMax else { return }
                }
            }
        } catch {
            log.debug("a control connection ended: \(error)")
        }
    }

    private static func line(_ buffer: inout ByteBuffer) -> ByteBuffer? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let line = buffer.readSlice(length: end - buffer.readerIndex)
        buffer.moveReaderIndex(forwardBy: 1)
        return line
    }

    private func answer(_ line: ByteBuffer) async -> ByteBuffer {
        let answer: ControlAnswer
        do {
            let request = try JSONDecoder().decode(
                ControlRequest.self, from: Data(line.readableBytesView))
            answer = await control.perform(request)
        } catch {
            answer = .failed(ControlFailure(.invalid, "not a request of this version: \(error)"))
        }
        do {
            return ByteBuffer(bytes: try JSONEncoder().encode(answer) + [UInt8(ascii: "\n")])
        } catch {
            log.error("an answer could not be written: \(error)")
            return ByteBuffer(string: "\n")
        }
    }
}
