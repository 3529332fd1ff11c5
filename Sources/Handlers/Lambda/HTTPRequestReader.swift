/// One request of HTTP/1.1, as far as the Lambda Runtime API needs it.
package struct HTTPRequest: Equatable, Sendable {
    package var method: String
    /// As it stands in the request line.
    package var target: String
    package var body: [UInt8]

    package init(method: String, target: String, body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.body = body
    }
}

/// Reads requests from bytes as they come; bounded, and without an edge. Bodies have a length or
/// come in chunks, whose trailer is thrown away.
///
///     request-line = method SP request-target SP HTTP-version
///     chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
///
/// RFC 9112 §7.1
package struct HTTPRequestReader {
    /// What cannot be read on: the connection is of no more use.
    package enum Problem: Error, Equatable {
        case malformed
        /// A head beyond `headBytesMax`.
        case headTooLong
        /// A body beyond its limit.
        case bodyTooLong
    }

    /// Of a request line and its header, of a chunk's line, and of a trailer.
    package static let headBytesMax = 65_536

    private enum State {
        case head
        /// So many bytes are left of the body, or of the chunk.
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
    }

    private let bodyBytesMax: Int
    private var state = State.head
    private var unread: [UInt8] = []
    private var position = 0
    /// Up to where there is no end of a line.
    private var searched = 0
    private var lineBytes = 0
    private var request = HTTPRequest(method: "", target: "")
    private var isChunked = false
    private var length = 0

    package init(bodyBytesMax: Int) {
        self.bodyBytesMax = bodyBytesMax
    }

    /// Takes what has come.
    package mutating func take(_ bytes: ArraySlice<UInt8>) {
        // What is left is less than a line or a body.
        unread.removeFirst(position)
        searched = max(0, searched - position)
        position = 0
        unread += bytes
    }

    /// The next whole request; nil where more has to come.
    package mutating func next() throws(Problem) -> HTTPRequest? {
        while true {
            switch state {
            case .head:
                guard let line = try line() else { return nil }
                if try takeHeadLine(line) { return finish() }
            case .body(let left):
                guard takeBody(left) else {
                    state = .body(left: left - takeRest())
                    return nil
                }
                return finish()
            case .chunkSize:
                guard let line = try line() else { return nil }
                try takeChunkSize(line)
            case .chunk(let left):
                guard takeBody(left) else {
                    state = .chunk(left: left - takeRest())
                    return nil
                }
                state = .chunkEnd
            case .chunkEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw .malformed }
                lineBytes = 0
                state = .chunkSize
            case .trailer:
                guard let line = try line() else { return nil }
                if line.isEmpty { return finish() }
            }
        }
    }

    // MARK: Lines

    /// The next line without its end; nil where it is not whole.
    private mutating func line() throws(Problem) -> ArraySlice<UInt8>? {
        let start = max(position, searched)
        searched = unread.count
        guard let end = unread[start...].firstIndex(of: 0x0A) else {
            guard lineBytes + unread.count - position <= Self.headBytesMax else {
                throw .headTooLong
            }
            return nil
        }
        lineBytes += end + 1 - position
        guard lineBytes <= Self.headBytesMax else { throw .headTooLong }
        searched = end + 1
        defer { position = end + 1 }
        guard end > position, unread[end - 1] == 0x0D else { throw .malformed }
        return unread[position..<(end - 1)]
    }

    /// Whether the request is whole with this line.
    private mutating func takeHeadLine(_ line: ArraySlice<UInt8>) throws(Problem) -> Bool {
        guard !request.method.isEmpty else {
            // RFC 9112 §2.2: an empty line before a request is passed over.
            if !line.isEmpty { try takeRequestLine(line) }
            return false
        }
        guard line.isEmpty else {
            try takeField(line)
            return false
        }
        lineBytes = 0
        if isChunked {
            state = .chunkSize
            return false
        }
        guard length <= bodyBytesMax else { throw .bodyTooLong }
        state = .body(left: length)
        return length == 0
    }

    private mutating func takeRequestLine(_ line: ArraySlice<UInt8>) throws(Problem) {
        let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == 3, words.allSatisfy({ !$0.isEmpty }),
            words[2].elementsEqual("HTTP/1.1".utf8)
        else { throw .malformed }
        request.method = String(decoding: words[0], as: UTF8.self)
        request.target = String(decoding: words[1], as: UTF8.self)
    }

    private mutating func takeField(_ line: ArraySlice<UInt8>) throws(Problem) {
        guard let colon = line.firstIndex(of: 0x3A) else { throw .malformed }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
            .drop { $0 == " " || $0 == "\t" }
            .prefix { $0 != " " && $0 != "\t" }
        switch name {
        case "content-length":
            guard let number = Int(value), number >= 0, value.allSatisfy(\.isNumber) else {
                throw .malformed
            }
            length = number
        case "transfer-encoding":
            guard value.lowercased() == "chunked" else { throw .malformed }
            isChunked = true
        default: break
        }
    }

    private mutating func takeChunkSize(_ line: ArraySlice<UInt8>) throws(Problem) {
        lineBytes = 0
        let digits = line.prefix { $0 != 0x3B && $0 != 0x20 }
        guard digits.count <= 8, let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
            size >= 0
        else { throw .malformed }
        guard request.body.count + size <= bodyBytesMax else { throw .bodyTooLong }
        state = size == 0 ? .trailer : .chunk(left: size)
    }

    // MARK: Bodies

    /// Takes `left` bytes where they are there.
    private mutating func takeBody(_ left: Int) -> Bool {
        guard unread.count - position >= left else { return false }
        request.body += unread[position..<(position + left)]
        position += left
        return true
    }

    /// Takes all that is there; how much.
    private mutating func takeRest() -> Int {
        let count = unread.count - position
        request.body += unread[position...]
        position = unread.count
        return count
    }

    private mutating func finish() -> HTTPRequest {
        defer {
            request = HTTPRequest(method: "", target: "")
            state = .head
            isChunked = false
            length = 0
            lineBytes = 0
        }
        return request
    }
}
