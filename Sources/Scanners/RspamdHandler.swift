import NIOCore
import NIOHTTP1

/// Reads the one answer of a connection to rspamd, at its end of the pipeline.
final class RspamdHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    static let headerBytesMax = 16_384
    static let headersMax = 100

    private let answer: EventLoopPromise<RspamdAnswer>
    private var status: HTTPResponseStatus?
    private var body: [UInt8] = []
    private var failure: (any Error)?

    init(answer: EventLoopPromise<RspamdAnswer>) {
        self.answer = answer
    }

    /// What stands before it in the pipeline.
    static func addHandlers(
        to channel: any Channel, answer: EventLoopPromise<RspamdAnswer>
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerBytesMax
        limits.maxHeaderListSize = headerBytesMax
        limits.maxHeaderFieldCount = headersMax
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop,
            limitConfiguration: limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(WireMeter())
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(RspamdHandler(answer: answer))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= RspamdAnswer.bytesMax else {
                let reason = "its answer has more than \(RspamdAnswer.bytesMax) bytes"
                return end(context, .failure(.malformed(reason)))
            }
            body += bytes.readableBytesView
        case .end: end(context, outcome)
        }
    }

    private var outcome: Result<RspamdAnswer, ScannerFailure> {
        switch status {
        case .ok?:
            RspamdAnswer(body).map { .success($0) }
                ?? .failure(.malformed("its answer is none of rspamd's"))
        // rspamd: max_message
        case .payloadTooLarge?: .failure(.refused("the mail is larger than it takes"))
        case let other: .failure(.unavailable("it answered \(other?.code ?? 0)"))
        }
    }

    private func end(
        _ context: ChannelHandlerContext, _ outcome: Result<RspamdAnswer, ScannerFailure>
    ) {
        switch outcome {
        case .success(let said): answer.succeed(said)
        case .failure(let failure): answer.fail(failure)
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil {
            failure =
                error is HTTPParserError
                ? ScannerFailure.malformed("its answer is no HTTP: \(error)") : error
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(
            failure
                ?? ScannerFailure.unavailable("it closed the connection before its answer's end")
        )
        context.fireChannelInactive()
    }
}

/// Ends a connection on which more comes than an answer can have: what HTTP puts around it has no
/// limit of its own.
private final class WireMeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let bytesMax = 2 * RspamdAnswer.bytesMax
    private var bytes = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        guard bytes > Self.bytesMax else { return context.fireChannelRead(data) }
        context.fireErrorCaught(
            ScannerFailure.malformed("its answer has more than \(Self.bytesMax) bytes"))
        context.close(promise: nil)
    }
}
