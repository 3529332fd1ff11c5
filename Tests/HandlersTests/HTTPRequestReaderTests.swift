import Handlers
import Testing

@Suite struct HTTPRequestReaderTests {
    struct Fixture: CustomTestStringConvertible {
        var name: String
        var input: String
        var requests: [HTTPRequest] = []
        var problem: HTTPRequestReader.Problem?
        var testDescription: String { name }
    }

    private static let head = HTTPRequestReader.headBytesMax

    /// A request whose line and header have `bytes` bytes, with the empty line.
    private static func headed(_ bytes: Int) -> String {
        let begin = "GET /a HTTP/1.1\r\nX: "
        return begin + String(repeating: "x", count: bytes - begin.utf8.count - 4) + "\r\n\r\n"
    }

    static let fixtures = [
        Fixture(name: "nothing", input: ""),
        Fixture(
            name: "no body", input: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
            requests: [HTTPRequest(method: "GET", target: "/a")]),
        Fixture(
            name: "a body, and another request",
            input: "POST /a HTTP/1.1\r\ncontent-length:  3 \r\n\r\nxyzGET /b HTTP/1.1\r\n\r\n",
            requests: [
                HTTPRequest(method: "POST", target: "/a", body: Array("xyz".utf8)),
                HTTPRequest(method: "GET", target: "/b"),
            ]),
        Fixture(
            name: "empty lines before it", input: "\r\n\r\nGET /a HTTP/1.1\r\n\r\n",
            requests: [HTTPRequest(method: "GET", target: "/a")]),
        Fixture(
            name: "chunks, an extension and a trailer",
            input: "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3;a=b\r\nxyz\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            requests: [HTTPRequest(method: "POST", target: "/a", body: Array("xyz0123456789".utf8))]
        ),
        Fixture(name: "half a body", input: "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nxy"),
        Fixture(
            name: "the longest body",
            input: "POST /a HTTP/1.1\r\nContent-Length: 20\r\n\r\n01234567890123456789",
            requests: [
                HTTPRequest(
                    method: "POST", target: "/a", body: Array("01234567890123456789".utf8))
            ]),
        Fixture(
            name: "a longer one", input: "POST /a HTTP/1.1\r\nContent-Length: 21\r\n\r\n",
            problem: .bodyTooLong),
        Fixture(
            name: "longer in chunks",
            input: "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "14\r\n01234567890123456789\r\n1\r\n",
            problem: .bodyTooLong),
        Fixture(
            name: "the longest head", input: headed(head),
            requests: [HTTPRequest(method: "GET", target: "/a")]),
        Fixture(name: "a longer head", input: headed(head + 1), problem: .headTooLong),
        Fixture(
            name: "a line without end", input: String(repeating: "x", count: head + 1),
            problem: .headTooLong),
        Fixture(name: "HTTP/1.0", input: "GET /a HTTP/1.0\r\n\r\n", problem: .malformed),
        Fixture(name: "two spaces", input: "GET  /a HTTP/1.1\r\n\r\n", problem: .malformed),
        Fixture(name: "no target", input: "GET HTTP/1.1\r\n\r\n", problem: .malformed),
        Fixture(name: "bare LF", input: "GET /a HTTP/1.1\n\r\n", problem: .malformed),
        Fixture(
            name: "no colon", input: "GET /a HTTP/1.1\r\nHost\r\n\r\n", problem: .malformed),
        Fixture(
            name: "a length below zero",
            input: "POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n", problem: .malformed),
        Fixture(
            name: "a length with a sign",
            input: "POST /a HTTP/1.1\r\nContent-Length: +1\r\n\r\n", problem: .malformed),
        Fixture(
            name: "another coding",
            input: "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", problem: .malformed),
        Fixture(
            name: "a chunk's size that is none",
            input: "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            problem: .malformed),
        Fixture(
            name: "a chunk without its end",
            input: "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
            problem: .malformed),
    ]

    @Test(arguments: fixtures)
    func readsRequests(_ fixture: Fixture) {
        let bytes = Array(fixture.input.utf8)
        for size in [1, 7, bytes.count + 1] {
            var reader = HTTPRequestReader(bodyBytesMax: 20)
            var requests: [HTTPRequest] = []
            var problem: HTTPRequestReader.Problem?
            do throws(HTTPRequestReader.Problem) {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    reader.take(bytes[start..<min(start + size, bytes.count)])
                    while let request = try reader.next() { requests.append(request) }
                }
            } catch {
                problem = error
            }
            #expect(requests == fixture.requests)
            #expect(problem == fixture.problem)
        }
    }

    private static let base = "/2018-06-01/runtime/"

    @Test(arguments: [
        ("GET", "invocation/next", "", RuntimeRequest.next),
        ("POST", "invocation/a-b/response", "{}", .response(id: "a-b", body: [0x7B, 0x7D])),
        (
            "POST", "invocation/a/error",
            "{\"errorMessage\": \"locked\", \"errorType\": \"ValueError\"}",
            .error(id: "a", reason: "ValueError: locked")
        ),
        ("POST", "init/error", "{\"errorType\": \"A\"}", .initError(reason: "A")),
        (
            "POST", "init/error", "nonsense",
            .initError(reason: "it reported an error without a message")
        ),
        ("POST", "invocation/next", "", .unknown), ("GET", "init/error", "", .unknown),
        ("GET", "restore/next", "", .unknown), ("POST", "invocation/a/b/error", "", .unknown),
        ("GET", "", "", .unknown),
    ])
    func requestsHaveTheirMeaning(
        _ method: String, _ path: String, _ body: String, _ meaning: RuntimeRequest
    ) {
        let request = HTTPRequest(
            method: method, target: Self.base + path, body: Array(body.utf8))
        #expect(RuntimeRequest(request) == meaning)
    }

    @Test func aPathBesideTheAPIIsUnknown() {
        #expect(RuntimeRequest(HTTPRequest(method: "GET", target: "/next")) == .unknown)
    }
}
