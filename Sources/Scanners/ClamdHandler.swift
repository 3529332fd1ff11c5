import NIOCore

/// Reads the one answer of a connection to clamd, at its end of the pipeline.
final class ClamdHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: EventLoopPromise<ClamdAnswer>
    private var bytes: [UInt8] = []
    private var failure: (any Error)?

    init(answer: EventLoopPromise<ClamdAnswer>) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let room = ClamdAnswer.bytesMax + 1 - bytes.count
        bytes += unwrapInboundIn(data).readableBytesView.prefix(room)
        guard let end = bytes.firstIndex(of: 0) else {
            if bytes.count >= ClamdAnswer.bytesMax {
                fail(context, "its answer has more than \(ClamdAnswer.bytesMax) bytes")
            }
            return
        }
        guard end == bytes.count - 1, let said = ClamdAnswer(bytes[..<end]) else {
            return fail(context, "its answer is none of clamd's")
        }
        answer.succeed(said)
        context.close(promise: nil)
    }

    private func fail(_ context: ChannelHandlerContext, _ reason: String) {
        answer.fail(ScannerFailure.malformed(reason))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(
            failure ?? ScannerFailure.unavailable("it closed the connection without an answer"))
        context.fireChannelInactive()
    }
}
