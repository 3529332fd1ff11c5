package import MailModel
import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL

/// The one way in which requests leave over HTTP.
///
/// A name is resolved once for a call, every address that it has is judged, and the connection goes
/// to a judged address, never to a name: what a second look-up would say is not asked. TLS is
/// checked against the name, and `Host` says it. Connections live as long as the call. No redirect
/// is followed, and no proxy of the environment used.
package struct GuardedHTTPClient: Sendable {
    /// Whoever knows the addresses of names; throws why not.
    package typealias Resolve = @Sendable (_ name: String) async throws -> [IPAddress]
    /// Returns after so many seconds; throws where its task is cancelled.
    package typealias Rest = @Sendable (_ seconds: Int64) async throws -> Void

    static let connectSeconds: Int64 = 5
    /// One request with its answer, where nobody says otherwise, and one look-up.
    package static let exchangeSeconds: Int64 = 15
    static let answerHeaderBytesMax = 16_384
    static let answerHeadersMax = 100
    /// Beyond it the answer has no body, its status counts, and the connection is closed.
    package static let answerBodyBytesMax = 65_536
    /// Of all that an answer is made of, on the wire, where nobody wants a longer body: a status line
    /// and what is said before the answer have no other limit.
    static let answerBytesMax = 524_288

    /// One-byte chunks of the longest body are less.
    static func answerBytesMax(body bytes: Int) -> Int { max(answerBytesMax, bytes * 8) }

    private let addressGuard: AddressGuard
    private let resolve: Resolve
    private let rest: Rest
    private let tls: NIOSSLContext
    private let group = MultiThreadedEventLoopGroup.singleton

    /// Throws what is wrong with `trustRoots`.
    package init(
        addressGuard: AddressGuard, trustRoots: NIOSSLTrustRoots = .default,
        rest: @escaping Rest = { try await Task.sleep(for: .seconds($0)) },
        resolve: @escaping Resolve
    ) throws {
        self.addressGuard = addressGuard
        self.resolve = resolve
        self.rest = rest
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = trustRoots
        configuration.applicationProtocols = ["http/1.1"]
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// Posts each of `requests` in order, and answers the status of each. It ends with the first
    /// that got none.
    package func post(
        _ requests: [HTTPPost], to url: WebURL
    ) async -> [Result<Int, HTTPFailure>] {
        await exchange(requests.map(OutgoingRequest.init), url).map { $0.map(\.status) }
    }

    /// What one request is answered with, within so many seconds from when its connection stands.
    /// `bodyBytesMax`: of an answer whose body is longer, it has none.
    package func post(
        _ request: HTTPPost, to url: WebURL, seconds: Int64,
        bodyBytesMax: Int = Self.answerBodyBytesMax
    ) async -> Result<HTTPAnswer, HTTPFailure> {
        await one(OutgoingRequest(request), url, seconds: seconds, bodyBytesMax: bodyBytesMax)
    }

    /// The same of a body that is there piece by piece: the next one is asked for when the last is on
    /// its way, and none any more once the answer is there.
    package func put(
        _ request: HTTPPut, to url: WebURL, seconds: Int64
    ) async -> Result<HTTPAnswer, HTTPFailure> {
        await one(OutgoingRequest(request), url, seconds: seconds)
    }

    /// What `url` is answered with; the rest as of a post.
    package func get(
        _ url: WebURL, headers: [(name: String, value: String)] = [],
        seconds: Int64 = Self.exchangeSeconds, bodyBytesMax: Int = Self.answerBodyBytesMax
    ) async -> Result<HTTPAnswer, HTTPFailure> {
        await one(.get(headers), url, seconds: seconds, bodyBytesMax: bodyBytesMax)
    }

    private func one(
        _ request: OutgoingRequest, _ url: WebURL, seconds: Int64 = Self.exchangeSeconds,
        bodyBytesMax: Int = Self.answerBodyBytesMax
    ) async -> Result<HTTPAnswer, HTTPFailure> {
        await exchange([request], url, seconds: seconds, bodyBytesMax: bodyBytesMax).first
            ?? .failure(.failed("no answer"))
    }

    private func exchange(
        _ requests: [OutgoingRequest], _ url: WebURL, seconds: Int64 = Self.exchangeSeconds,
        bodyBytesMax: Int = Self.answerBodyBytesMax
    ) async -> [Result<HTTPAnswer, HTTPFailure>] {
        var results: [Result<HTTPAnswer, HTTPFailure>] = []
        do {
            let addresses = try await judgedAddresses(of: url)
            var connection: (any Channel)?
            defer { connection?.close(promise: nil) }
            for request in requests {
                let channel: any Channel
                if let open = connection, open.isActive {
                    channel = open
                } else {
                    channel = try await connect(to: addresses, url, bodyBytesMax)
                }
                connection = channel
                results.append(.success(try await exchange(request, url, on: channel, seconds)))
            }
        } catch let failure as HTTPFailure {
            results.append(.failure(failure))
        } catch {
            results.append(.failure(HTTPFailure(error)))
        }
        return results
    }

    // MARK: Addresses

    /// One that must not be reached spoils all: whoever mixes them means no good.
    private func judgedAddresses(of url: WebURL) async throws -> [IPAddress] {
        let addresses: [IPAddress]
        switch url.host {
        case .address(let address): addresses = [address]
        case .name(let name): addresses = try await look(up: name)
        }
        for address in addresses {
            guard let refusal = addressGuard.refusal(of: address) else { continue }
            throw HTTPFailure.forbidden("\(url.hostField): \(refusal)")
        }
        guard !addresses.isEmpty else { throw HTTPFailure.failed("\(url.hostField): no address") }
        return Array(addresses.prefix(Self.addressesMax))
    }

    /// Of a name, those that are tried; each has `connectSeconds`.
    private static let addressesMax = 6

    private func look(up name: String) async throws -> [IPAddress] {
        let promise = group.any().makePromise(of: [IPAddress].self)
        let resolve = resolve
        promise.completeWithTask { try await resolve(name) }
        return try await wait(
            for: promise.futureResult, seconds: Self.exchangeSeconds, "looking up \(name)"
        ) {}
    }

    // MARK: Connections

    private func connect(
        to addresses: [IPAddress], _ url: WebURL, _ bodyBytesMax: Int
    ) async throws -> any Channel {
        var failure = HTTPFailure.failed("no address")
        for address in addresses {
            do {
                return try await connect(
                    to: try SocketAddress(ipAddress: "\(address)", port: url.port), url,
                    bodyBytesMax)
            } catch {
                try Task.checkCancellation()
                failure = HTTPFailure(error)
            }
        }
        throw failure
    }

    private func connect(
        to address: SocketAddress, _ url: WebURL, _ bodyBytesMax: Int
    ) async throws -> any Channel {
        let tls = url.scheme == .https ? tls : nil
        // Without a name, the certificate has to have the address.
        let name: String? = if case .name(let name) = url.host { name } else { nil }
        let loop = group.next()
        let ready = loop.makePromise(of: Void.self)
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(Self.connectSeconds))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHandler(
                        AnswerMeter(bytesMax: Self.answerBytesMax(body: bodyBytesMax)))
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(Self.decoder()))
                    try pipeline.addHandler(
                        ExchangeHandler(
                            bodyBytesMax: bodyBytesMax, isTLS: tls != nil, ready: ready))
                }
            }
            .connect(to: address)
        connected.whenFailure { ready.fail($0) }
        return try await wait(
            for: connected.and(ready.futureResult).map(\.0), seconds: Self.connectSeconds,
            "connecting to \(address)"
        ) {
            connected.whenSuccess { $0.close(promise: nil) }
        }
    }

    private static func decoder() -> HTTPResponseDecoder {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = answerHeaderBytesMax
        limits.maxHeaderListSize = answerHeaderBytesMax
        limits.maxHeaderFieldCount = answerHeadersMax
        return HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop,
            limitConfiguration: limits)
    }

    // MARK: Exchanges

    private func exchange(
        _ request: OutgoingRequest, _ url: WebURL, on channel: any Channel, _ seconds: Int64
    ) async throws -> HTTPAnswer {
        let answer = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        // Whatever ends the wait below ends the connection or has all of the request, and so this.
        async let sent: Void = send(request, url, on: channel, answer)
        let result = try await wait(
            for: answer.futureResult, seconds: seconds, "waiting for the answer"
        ) {
            channel.close(promise: nil)
        }
        await sent
        return result
    }

    /// One piece after the other; what keeps it from being sent fails the answer.
    private func send(
        _ request: OutgoingRequest, _ url: WebURL, on channel: any Channel,
        _ answer: EventLoopPromise<HTTPAnswer>
    ) async {
        let begin = HTTPExchange.begin(request.head(for: url), answer: answer)
        channel.write(begin).whenFailure { answer.fail($0) }
        do {
            var piece = try request.piece(0)
            var index = 0
            while let current = piece {
                index += 1
                piece = try request.piece(index)
                let written = channel.write(HTTPExchange.body(current))
                guard piece != nil else { break }
                channel.flush()
                try await written.get()
            }
            try await channel.writeAndFlush(HTTPExchange.end).get()
        } catch {
            answer.fail(error)
            channel.close(promise: nil)
        }
    }

    /// What `future` says, if it does so in time; a cancelled task waits no longer.
    private func wait<Value: Sendable>(
        for future: EventLoopFuture<Value>, seconds: Int64, _ what: String,
        onGivingUp: @escaping @Sendable () -> Void
    ) async throws -> Value {
        let promise = future.eventLoop.makePromise(of: Value.self)
        future.cascade(to: promise)
        let rest = rest
        let timer = Task {
            try await rest(seconds)
            promise.fail(HTTPFailure.failed("\(what) took more than \(seconds) s"))
            onGivingUp()
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
            onGivingUp()
        }
    }
}
