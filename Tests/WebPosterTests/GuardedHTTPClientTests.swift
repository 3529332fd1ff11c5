import MailModel
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization
import TestSupport
import Testing
import WebPoster

@Suite(.timeLimit(.minutes(1))) struct GuardedHTTPClientTests {
    private static let loopback = AddressGuard(
        allowed: [CIDRBlock("127.0.0.0/8")].compactMap(\.self))

    private static func post(_ text: String = "hello") -> HTTPPost {
        HTTPPost(headers: [("X-Test", "yes")], body: Array(text.utf8))
    }

    private static func addresses(_ texts: String...) -> [IPAddress] {
        texts.compactMap(IPAddress.init)
    }

    @Test func postsToTheCheckedAddressUnderItsName() async throws {
        let endpoint = try await Endpoint()
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in
            Self.addresses("127.0.0.1")
        }
        let url = try WebURL(parsing: "http://hook.example:\(endpoint.port)/a?b=c")
        #expect(
            await client.post([Self.post("one"), Self.post("two")], to: url)
                == [.success(200), .success(200)])
        try await endpoint.end()
        let seen = endpoint.seen
        #expect(seen.map(\.body) == ["one", "two"])
        #expect(seen.map(\.head.uri) == ["/a?b=c", "/a?b=c"])
        #expect(seen.allSatisfy { $0.head.headers["Host"] == ["hook.example:\(endpoint.port)"] })
        #expect(seen.allSatisfy { $0.head.headers["X-Test"] == ["yes"] })
        #expect(endpoint.connections == 1)
    }

    @Test func saysWhenToComeAgain() async throws {
        let endpoint = try await Endpoint()
        endpoint.answers = [.later(503, retryAfter: "120")]
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in
            Self.addresses("127.0.0.1")
        }
        let url = try WebURL(parsing: "http://hook.example:\(endpoint.port)/")
        #expect(
            await client.post(Self.post(), to: url, seconds: 60)
                == .success(
                    HTTPAnswer(status: 503, mediaType: nil, retryAfter: "120", body: [])))
        try await endpoint.end()
    }

    @Test func getsADocument() async throws {
        let endpoint = try await Endpoint()
        endpoint.answers = [.body(bytes: 5), .body(bytes: 65_537)]
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in
            Self.addresses("127.0.0.1")
        }
        let url = try WebURL(parsing: "http://doc.example:\(endpoint.port)/a")
        #expect(
            await client.get(url)
                == .success(HTTPAnswer(status: 200, mediaType: nil, body: Array("xxxxx".utf8))))
        #expect(
            await client.get(url) == .success(HTTPAnswer(status: 200, mediaType: nil, body: nil)))
        try await endpoint.end()
        #expect(endpoint.seen.map(\.head.method) == [.GET, .GET])
    }

    /// In pieces, under the length that they have together.
    @Test func putsABodyInPieces() async throws {
        let endpoint = try await Endpoint()
        let client = try GuardedHTTPClient(addressGuard: .open) { _ in Self.addresses("127.0.0.1") }
        let url = try WebURL(parsing: "http://s3.example:\(endpoint.port)/a/b")
        let pieces =
            ["one", "", "three"] + Array(repeating: String(repeating: "x", count: 50_000), count: 9)
        let whole = pieces.joined()
        let put = HTTPPut(headers: [("X-Test", "yes")], length: whole.utf8.count) { index in
            index < pieces.count ? ByteBuffer(string: pieces[index]) : nil
        }
        #expect(
            await client.put(put, to: url, seconds: 60)
                == .success(HTTPAnswer(status: 200, mediaType: nil, body: [])))
        try await endpoint.end()
        let seen = try #require(endpoint.seen.first)
        #expect((seen.head.method, seen.head.uri) == (.PUT, "/a/b"))
        #expect(seen.head.headers["Content-Length"] == ["\(whole.utf8.count)"])
        #expect(seen.body == whole)
    }

    /// H1: literal addresses, and names that lead to them; nothing is sent.
    @Test(arguments: [
        ["127.0.0.1"], ["::1"], ["10.0.0.1"], ["169.254.169.254"], ["64:ff9b::127.0.0.1"],
        ["2002:7f00:1::1"], ["2a00::5efe:127.0.0.1"],
        // One bad address among good ones.
        ["93.184.215.14", "127.0.0.1"],
    ])
    func isNotLedInside(_ texts: [String]) async throws {
        let client = try GuardedHTTPClient(addressGuard: AddressGuard()) { _ in
            texts.compactMap(IPAddress.init)
        }
        let answers = await client.post(
            [Self.post()], to: try WebURL(parsing: "http://hook.example/"))
        guard case .failure(.forbidden(let reason))? = answers.first else {
            Issue.record("\(answers)")
            return
        }
        let last = try #require(texts.last.flatMap(IPAddress.init))
        #expect(reason.hasPrefix("hook.example: \(last) is no address of the open internet"))
    }

    /// H1, DNS rebinding: the name is asked once for a call, and what it says later is judged later.
    @Test func anotherAnswerDoesNotMoveTheConnection() async throws {
        let endpoint = try await Endpoint()
        let asked = Mutex(0)
        let guarded = AddressGuard(
            allowed: Self.addresses("127.0.0.1").compactMap { CIDRBlock("\($0)") })
        let client = try GuardedHTTPClient(addressGuard: guarded) { _ in
            let count = asked.withLock { count in
                count += 1
                return count
            }
            return Self.addresses(count == 1 ? "127.0.0.1" : "127.0.0.2")
        }
        endpoint.answers = [.closing, .closing]
        let url = try WebURL(parsing: "http://hook.example:\(endpoint.port)/")
        // Each on a connection of its own, and all to the address that was judged.
        #expect(
            await client.post([Self.post(), Self.post()], to: url) == [
                .success(200), .success(200),
            ])
        #expect(asked.withLock { $0 } == 1)
        #expect(endpoint.connections == 2)
        // A new call asks anew; no connection of the last one serves it.
        guard case .failure(.forbidden)? = await client.post([Self.post()], to: url).first else {
            Issue.record("the second address was not judged")
            return
        }
        #expect(endpoint.connections == 2)
        try await endpoint.end()
    }

    /// H1: a redirect is an answer like any other.
    @Test func followsNoRedirect() async throws {
        let inside = try await Endpoint()
        let endpoint = try await Endpoint()
        endpoint.answers = [.status(302, location: "http://127.0.0.1:\(inside.port)/")]
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in [] }
        let url = try WebURL(parsing: "http://127.0.0.1:\(endpoint.port)/")
        #expect(await client.post([Self.post()], to: url) == [.success(302)])
        #expect(inside.connections == 0)
        try await inside.end()
        try await endpoint.end()
    }

    /// An answer may be long-winded: its status counts, and the next goes over a new connection.
    @Test func readsABoundedBody() async throws {
        let endpoint = try await Endpoint()
        endpoint.answers = [.body(bytes: 65_536), .body(bytes: 65_537)]
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in [] }
        let url = try WebURL(parsing: "http://127.0.0.1:\(endpoint.port)/")
        let posts = [Self.post(), Self.post(), Self.post()]
        #expect(
            await client.post(posts, to: url) == [.success(200), .success(200), .success(200)])
        #expect(endpoint.connections == 2)
        try await endpoint.end()
    }

    @Test func readsBoundedHeaders() async throws {
        let endpoint = try await Endpoint()
        endpoint.answers = [.header(bytes: 16_000), .header(bytes: 17_000)]
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in [] }
        let url = try WebURL(parsing: "http://127.0.0.1:\(endpoint.port)/")
        let answers = await client.post([Self.post(), Self.post()], to: url)
        #expect(answers.first == .success(200))
        guard case .failure(.failed)? = answers.last else {
            Issue.record("\(answers)")
            return
        }
        try await endpoint.end()
    }

    @Test func saysWhyItCouldNotGo() async throws {
        let endpoint = try await Endpoint()
        try await endpoint.end()
        let client = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in [] }
        let url = try WebURL(parsing: "http://127.0.0.1:\(endpoint.port)/")
        let answers = await client.post([Self.post(), Self.post()], to: url)
        #expect(answers.count == 1)
        #expect("\(answers)".contains("refused"))
        let nobody = await client.post(
            [Self.post()], to: try WebURL(parsing: "http://nobody.example/"))
        #expect(nobody == [.failure(.failed("nobody.example: no address"))])
    }

    /// The certificate has to have the name of the URL, and the name is what the server is asked
    /// for, though the connection goes to an address.
    @Test func tlsIsOfTheName() async throws {
        let authority = try TestCertificate(name: "hook.example")
        let endpoint = try await Endpoint(tls: authority)
        let client = try GuardedHTTPClient(
            addressGuard: Self.loopback, trustRoots: .certificates([authority.certificate])
        ) { _ in Self.addresses("127.0.0.1") }
        let good = try WebURL(parsing: "https://hook.example:\(endpoint.port)/")
        #expect(await client.post([Self.post()], to: good) == [.success(200)])
        #expect(endpoint.serverNames == ["hook.example"])
        for text in ["other.example", "127.0.0.1"] {
            let url = try WebURL(parsing: "https://\(text):\(endpoint.port)/")
            guard
                case .failure(.untrusted(let reason))? = await client.post([Self.post()], to: url)
                    .first
            else {
                Issue.record("\(text) was taken for hook.example")
                continue
            }
            #expect(reason.hasPrefix("TLS: "))
        }
        let stranger = try GuardedHTTPClient(addressGuard: Self.loopback) { _ in
            Self.addresses("127.0.0.1")
        }
        guard case .failure(.untrusted)? = await stranger.post([Self.post()], to: good).first else {
            Issue.record("a certificate that nobody vouches for was taken")
            return
        }
        #expect(endpoint.seen.count == 1)
        try await endpoint.end()
    }
}
