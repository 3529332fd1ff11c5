import NIOCore
import NIOPosix

/// The way to one scanner: a connection for each mail, so many at once, each with a deadline.
final class ScannerLine: Sendable {
    static let connectSeconds: Int64 = 5

    /// Adds what reads the answer to the pipeline; `answer` is theirs to keep.
    typealias Prepare<Answer> = @Sendable (any Channel, EventLoopPromise<Answer>) throws -> Void
    /// Writes what is asked.
    typealias Send = @Sendable (any Channel) async throws -> Void

    private let settings: ScannerSettings
    private let rest: ScannerSettings.Rest
    private let seats: ScannerSeats
    private let group = MultiThreadedEventLoopGroup.singleton

    init(_ settings: ScannerSettings, rest: @escaping ScannerSettings.Rest) {
        self.settings = settings
        self.rest = rest
        seats = ScannerSeats(settings.connectionsMax)
    }

    /// The answer to what `send` writes. An answer that comes before all is written counts.
    func exchange<Answer: Sendable>(
        _ prepare: @escaping Prepare<Answer>, _ send: @escaping Send
    ) async throws(ScannerFailure) -> Answer {
        let outcome = await withTaskGroup(of: Result<Answer, ScannerFailure>.self) { group in
            group.addTask { await self.seated(prepare, send) }
            group.addTask { .failure(await self.deadline()) }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(ScannerFailure(CancellationError()))
        }
        return try outcome.get()
    }

    private func deadline() async -> ScannerFailure {
        do {
            try await rest(settings.timeoutSeconds)
        } catch {
            return ScannerFailure(CancellationError())
        }
        return .unavailable("no answer within \(settings.timeoutSeconds) s")
    }

    private func seated<Answer: Sendable>(
        _ prepare: @escaping Prepare<Answer>, _ send: @escaping Send
    ) async -> Result<Answer, ScannerFailure> {
        do {
            try await seats.take()
            defer { seats.leave() }
            return .success(try await connected(prepare, send))
        } catch {
            return .failure(ScannerFailure(error))
        }
    }

    private func connected<Answer: Sendable>(
        _ prepare: @escaping Prepare<Answer>, _ send: @escaping Send
    ) async throws -> Answer {
        let loop = group.next()
        let answer = loop.makePromise(of: Answer.self)
        let connection = connection(on: loop) { try prepare($0, answer) }
        let channel = loop.makePromise(of: (any Channel).self)
        connection.whenFailure { answer.fail($0) }
        connection.cascade(to: channel)
        return try await withTaskCancellationHandler {
            defer { connection.whenSuccess { $0.close(promise: nil) } }
            let channel = try await channel.futureResult.get()
            return try await exchange(on: channel, answer, send)
        } onCancel: {
            channel.fail(CancellationError())
            answer.fail(CancellationError())
        }
    }

    /// What writes ends when the answer is there, since the connection does then.
    private func exchange<Answer: Sendable>(
        on channel: any Channel, _ answer: EventLoopPromise<Answer>, _ send: @escaping Send
    ) async throws -> Answer {
        async let sent: Void = {
            do {
                try await send(channel)
            } catch let failure as ScannerFailure {
                // The mail itself could not be had. What a connection fails by, its end says.
                answer.fail(failure)
            }
        }()
        let outcome: Result<Answer, any Error>
        do {
            outcome = .success(try await answer.futureResult.get())
        } catch {
            outcome = .failure(error)
        }
        channel.close(promise: nil)
        try? await sent
        return try outcome.get()
    }

    private func connection(
        on loop: any EventLoop, prepare: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(Self.connectSeconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
        return switch settings.address {
        case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
        case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
        }
    }
}
