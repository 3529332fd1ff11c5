package import DNS
import Glibc
package import MailModel
package import NIOCore
import NIOPosix

/// The name server that has a zone of ours, and the key that we may change it with.
package struct NameServer: Sendable, Equatable {
    package var address: IPAddress
    package var port: Int
    package var zone: Domain
    package var key: TSIGKey

    package init(address: IPAddress, port: Int, zone: Domain, key: TSIGKey) {
        self.address = address
        self.port = port
        self.zone = zone
        self.key = key
    }
}

/// Sends updates to a name server: over TCP, a connection for each, since they are few.
package struct UpdateClient: ZoneUpdater {
    /// From the connection's begin to the whole of the answer.
    package static let answerSecondsMax: Int64 = 10

    private let server: NameServer
    private let time: any TimeSource
    private let random: any RandomSource
    private let group: any EventLoopGroup

    package init(
        _ server: NameServer, time: any TimeSource, random: any RandomSource,
        group: any EventLoopGroup
    ) {
        self.server = server
        self.time = time
        self.random = random
        self.group = group
    }

    package func apply(_ changes: [ZoneChange]) async throws(ZoneUpdateFailure) {
        let id = random.bytes(2).reduce(0 as UInt16) { $0 << 8 | UInt16($1) }
        let update = SignedUpdate(
            id: id, zone: server.zone, changes: changes, key: server.key, at: time.now())
        try update.check(try await exchange(update.bytes), at: time.now())
    }

    private func exchange(_ bytes: [UInt8]) async throws(ZoneUpdateFailure) -> [UInt8] {
        let loop = group.next()
        let answer = loop.makePromise(of: [UInt8].self)
        let timeout = loop.scheduleTask(in: .seconds(Self.answerSecondsMax)) {
            answer.fail(ZoneUpdateFailure.timedOut)
        }
        answer.futureResult.whenComplete { _ in timeout.cancel() }
        do {
            try ClientBootstrap(group: loop)
                .connectTimeout(.seconds(Self.answerSecondsMax))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            UpdateExchange(bytes, answer))
                    }
                }
                .connect(to: SocketAddress(ipAddress: "\(server.address)", port: server.port))
                .whenFailure { answer.fail($0) }
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(ZoneUpdateFailure.timedOut)
            }
        } catch {
            answer.fail(error)
            throw UpdateExchange.failure(error)
        }
    }
}

/// One message out and one in, each behind its length, then the end. RFC 1035 §4.2.2
private final class UpdateExchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let question: [UInt8]
    private let answer: EventLoopPromise<[UInt8]>
    private var read = ByteBuffer()

    init(_ question: [UInt8], _ answer: EventLoopPromise<[UInt8]>) {
        self.question = question
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
        var message = context.channel.allocator.buffer(capacity: question.count + 2)
        message.writeInteger(UInt16(question.count))
        message.writeBytes(question)
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var piece = unwrapInboundIn(data)
        read.writeBuffer(&piece)
        guard let length = read.getInteger(at: read.readerIndex, as: UInt16.self),
            let message = read.getBytes(at: read.readerIndex + 2, length: Int(length))
        else { return }
        answer.succeed(message)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(ZoneUpdateFailure.unreachable("it closed the connection unanswered"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(Self.failure(error))
    }

    static func failure(_ error: any Error) -> ZoneUpdateFailure {
        switch error {
        case let failure as ZoneUpdateFailure: return failure
        case let failure as IOError:
            return .unreachable(String(cString: strerror(failure.errnoCode)))
        case is ChannelError: return .timedOut
        case let error as NIOConnectionError:
            let reason = (error.connectionErrors.first?.error as? IOError)?.errnoCode
            return .unreachable(reason.map { String(cString: strerror($0)) } ?? "no connection")
        default: return .unreachable("\(error)")
        }
    }
}
