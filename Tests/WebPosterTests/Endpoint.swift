import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// A certificate for one name that vouches for itself.
struct TestCertificate {
    let certificate: NIOSSLCertificate
    let key: NIOSSLPrivateKey

    init(name: String) throws {
        let privateKey = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName(name) }
        let made = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(privateKey.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -3_600),
            notValidAfter: Date(timeIntervalSinceNow: 3_600), issuer: subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                SubjectAlternativeNames([.dnsName(name)])
            }, issuerPrivateKey: .init(privateKey))
        var serializer = DER.Serializer()
        try serializer.serialize(made)
        certificate = try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
        key = try NIOSSLPrivateKey(
            bytes: Array(privateKey.pemRepresentation.utf8), format: .pem)
    }
}

/// A web server on loopback that keeps what is posted to it, and answers as it is told, then 200.
final class Endpoint: Sendable {
    enum Answer: Sendable {
        case status(Int, location: String)
        case later(Int, retryAfter: String)
        /// 200, and the connection ends.
        case closing
        case body(bytes: Int)
        case header(bytes: Int)
    }

    struct Seen: Sendable {
        var head: HTTPRequestHead
        var body: String
    }

    fileprivate struct State {
        var answers: [Answer] = []
        var seen: [Seen] = []
        var connections = 0
        var serverNames: [String] = []
    }

    fileprivate let state: StateBox
    private let channel: any Channel

    fileprivate final class StateBox: Sendable {
        let value = Mutex(State())
    }

    var answers: [Answer] {
        get { state.value.withLock { $0.answers } }
        set { state.value.withLock { $0.answers = newValue } }
    }
    var seen: [Seen] { state.value.withLock { $0.seen } }
    var connections: Int { state.value.withLock { $0.connections } }
    var serverNames: [String] { state.value.withLock { $0.serverNames } }
    let port: Int

    init(tls: TestCertificate? = nil) async throws {
        let state = StateBox()
        let context = try tls.map { tls in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: [.certificate(tls.certificate)], privateKey: .privateKey(tls.key))
            configuration.sslContextCallback = { hello, promise in
                state.value.withLock { $0.serverNames.append(hello.serverHostname ?? "") }
                promise.succeed(.noChanges)
            }
            return try NIOSSLContext(configuration: configuration)
        }
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                state.value.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(EndpointHandler(state: state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func end() async throws {
        try await channel.close()
    }
}

private final class EndpointHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: Endpoint.StateBox
    private var head: HTTPRequestHead?
    private var body = ""

    init(state: Endpoint.StateBox) {
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let bytes): body += String(decoding: bytes.readableBytesView, as: UTF8.self)
        case .end:
            guard let head else { return }
            let seen = Endpoint.Seen(head: head, body: body)
            body = ""
            let answer = state.value.withLock { state in
                state.seen.append(seen)
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            write(answer, context)
        }
    }

    private func write(_ answer: Endpoint.Answer?, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: .http1_1, status: .ok)
        var body = ByteBuffer()
        switch answer {
        case nil: break
        case .status(let code, let location):
            head.status = HTTPResponseStatus(statusCode: code)
            head.headers.add(name: "Location", value: location)
        case .later(let code, let retryAfter):
            head.status = HTTPResponseStatus(statusCode: code)
            head.headers.add(name: "Retry-After", value: retryAfter)
        case .closing: head.headers.add(name: "Connection", value: "close")
        case .body(let bytes): body.writeRepeatingByte(UInt8(ascii: "x"), count: bytes)
        case .header(let bytes):
            head.headers.add(name: "X-Long", value: String(repeating: "x", count: bytes))
        }
        head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
