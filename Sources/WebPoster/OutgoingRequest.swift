import MailModel
package import NIOCore
import NIOHTTP1

/// One request. `Host` and `Content-Length` are the client's to say.
package struct HTTPPost: Sendable {
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(headers: [(name: String, value: String)], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }
}

/// One request whose body is not in memory. `Host` and `Content-Length` are the client's to say.
package struct HTTPPut: Sendable {
    /// Pieces in order, from 0 on; nil after the last. May block for the time of a disk.
    package typealias Body = @Sendable (_ index: Int) throws -> ByteBuffer?

    package var headers: [(name: String, value: String)]
    /// Of all pieces together.
    package var length: Int
    package var body: Body

    package init(
        headers: [(name: String, value: String)], length: Int, body: @escaping Body
    ) {
        self.headers = headers
        self.length = length
        self.body = body
    }
}

/// What came back.
package struct HTTPAnswer: Sendable, Equatable {
    package var status: Int
    /// `Content-Type` as it was sent.
    package var mediaType: String?
    /// `Retry-After` as it was sent.
    package var retryAfter: String?
    /// `ETag` as it was sent.
    package var entityTag: String?
    /// `x-amz-server-side-encryption` as it was sent.
    package var storedEncryption: String?
    /// Nil where it was longer than it may be.
    package var body: [UInt8]?

    package init(status: Int, mediaType: String?, retryAfter: String? = nil, body: [UInt8]?) {
        self.status = status
        self.mediaType = mediaType
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Any of these, on its way out.
struct OutgoingRequest: Sendable {
    private let method: HTTPMethod
    private let headers: [(name: String, value: String)]
    /// Nil where there is no body.
    private let length: Int?
    let piece: HTTPPut.Body

    static func get(_ headers: [(name: String, value: String)]) -> OutgoingRequest {
        OutgoingRequest(method: .GET, headers: headers, length: nil) { _ in nil }
    }

    init(_ post: HTTPPost) {
        self.init(method: .POST, headers: post.headers, length: post.body.count) { index in
            index == 0 ? ByteBuffer(bytes: post.body) : nil
        }
    }

    init(_ put: HTTPPut) {
        self.init(method: .PUT, headers: put.headers, length: put.length, piece: put.body)
    }

    private init(
        method: HTTPMethod, headers: [(name: String, value: String)], length: Int?,
        piece: @escaping HTTPPut.Body
    ) {
        self.method = method
        self.headers = headers
        self.length = length
        self.piece = piece
    }

    func head(for url: WebURL) -> HTTPRequestHead {
        var fields = HTTPHeaders([("Host", url.hostField)])
        fields.add(contentsOf: headers)
        if let length { fields.add(name: "Content-Length", value: "\(length)") }
        return HTTPRequestHead(
            version: .http1_1, method: method, uri: url.target, headers: fields)
    }
}
