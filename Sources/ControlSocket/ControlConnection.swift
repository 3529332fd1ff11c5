import ControlPlane
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// One connection: requests in, a line each; answers out, one request after another. A watching
/// request ends when the peer goes; any other that has begun is done to its end.
final class ControlConnection: Sendable {
    /// A request; the longest has a draft of the rules in it.
    static let requestBytesMax = 1_048_576
    /// Requests that wait for the one before them.
    static let requestsWaitingMax = 16
    /// From the beginning, or the last answer, to the whole of the next request.
    static let requestSecondsMax: Int64 = 10
    /// For an answer to be taken.
    static let answerSecondsMax: Int64 = 60
    /// What still comes after a last word is read this long: a connection that is closed before
    /// takes the last word with it.
    static let lingerSeconds: Int64 = 1

    private let control: ControlPlane
    private let log: Logger
    private let timer: ConnectionTimer
    private let isWatching = Mutex(false)
    /// Why nothing more is read.
    private let objection = Mutex<ControlFailure?>(nil)

    init(_ channel: any Channel, control: ControlPlane, log: Logger) {
        timer = ConnectionTimer(channel)
        self.control = control
        self.log = log
    }

    func serve(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        defer { timer.end() }
        let (requests, queue) = AsyncStream.makeStream(
            of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(Self.requestsWaitingMax))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.answerAll(requests, outbound) }
            do {
                try await read(inbound, into: queue)
            } catch {
                log.debug("a control connection broke: \(error)")
            }
            queue.finish()
            if isWatching.withLock({ $0 }) { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    /// Says why the connection is not served, and ends it.
    func refuse(
        _ failure: ControlFailure, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        try await write(.failed(failure), outbound)
        timer.limit(to: Self.lingerSeconds)
        defer { timer.end() }
        for try await _ in inbound.cancelOnGracefulShutdown() {}
    }

    // MARK: Reading

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        into queue: AsyncStream<ByteBuffer>.Continuation
    ) async throws {
        var waiting = ByteBuffer()
        var isHeard = true
        for try await var bytes in inbound.cancelOnGracefulShutdown() where isHeard {
            waiting.writeBuffer(&bytes)
            guard let text = objection(to: &waiting, queue) else { continue }
            objection.withLock { $0 = ControlFailure(.invalid, text) }
            queue.finish()
            isHeard = false
        }
    }

    /// Takes the whole lines of what was read; answers why nothing more is taken.
    private func objection(
        to waiting: inout ByteBuffer, _ queue: AsyncStream<ByteBuffer>.Continuation
    ) -> String? {
        let tooLong = "a request has at most \(Self.requestBytesMax) bytes"
        while let line = Self.line(&waiting) {
            guard line.readableBytes <= Self.requestBytesMax else { return tooLong }
            if case .dropped = queue.yield(line) {
                return "at most \(Self.requestsWaitingMax) requests may wait"
            }
        }
        return waiting.readableBytes <= Self.requestBytesMax ? nil : tooLong
    }

    private static func line(_ buffer: inout ByteBuffer) -> ByteBuffer? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let line = buffer.readSlice(length: end - buffer.readerIndex)
        buffer.moveReaderIndex(forwardBy: 1)
        return line
    }

    // MARK: Answering

    private func answerAll(
        _ requests: AsyncStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        timer.limit(to: Self.requestSecondsMax)
        for await line in requests {
            timer.end()
            let answer = await answer(line, outbound)
            try await write(answer, outbound)
            timer.limit(to: Self.requestSecondsMax)
        }
        if let objection = objection.withLock({ $0 }) {
            try await write(.failed(objection), outbound)
            timer.limit(to: Self.lingerSeconds)
        }
    }

    private func answer(
        _ line: ByteBuffer, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async -> ControlAnswer {
        guard
            let request = try? JSONDecoder().decode(
                ControlRequest.self, from: Data(line.readableBytesView))
        else { return .failed(.notARequest) }
        isWatching.withLock { $0 = request.isWatching }
        defer { isWatching.withLock { $0 = false } }
        return await control.perform(request) { part in try await self.write(part, outbound) }
    }

    /// Throws where the peer has gone, or does not take it in time.
    private func write(
        _ answer: ControlAnswer, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let bytes = try JSONEncoder().encode(answer) + [UInt8(ascii: "\n")]
        timer.limit(to: Self.answerSecondsMax)
        defer { timer.end() }
        try await outbound.write(ByteBuffer(bytes: bytes))
    }
}

extension ControlFailure {
    /// The same whatever was wrong: a request comes from a program, which needs no more.
    fileprivate static let notARequest = ControlFailure(
        .invalid,
        "not a request of this version: expected one JSON object a line, whose one key is the "
            + "request's name, such as {\"status\":{}}; is this the martlet that serves?")
}
