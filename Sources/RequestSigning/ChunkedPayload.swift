import Crypto
import MailModel

/// Undoes AWS's chunks, and says whether each is its signer's: a machine of bytes, which keeps no
/// more than a line. A chunk's bytes are given out before its signature is known; none of them count
/// unless `isComplete` is true in the end.
///
///     body    = *chunk last [ 1*trailer ] CRLF
///     chunk   = size [ ";chunk-signature=" 64HEXDIG ] CRLF 1*OCTET CRLF
///     last    = "0" [ ";chunk-signature=" 64HEXDIG ] CRLF
///     trailer = name ":" value CRLF
///
/// S3: “Signature calculations for the Authorization header: transferring payload in multiple chunks”
package struct ChunkedPayload: Sendable {
    /// Of a chunk's head, and of each line behind the last chunk.
    package static let lineBytesMax = 1_024
    package static let trailersMax = 8
    private static let signatureName = "chunk-signature"
    private static let trailerSignatureName = "x-amz-trailer-signature"
    private static let emptyDigest = Hexadecimal.text(SHA256.hash(data: []))

    package enum Failure: Error, Sendable {
        /// These are no chunks.
        case malformed
        /// A chunk, or what follows the last, is not its signer's.
        case otherSignature
    }

    private enum State {
        case head
        /// Of a chunk, so many bytes are still to come.
        case data(Int)
        /// The end of a chunk's line: these bytes are still to come.
        case dataEnd(ArraySlice<UInt8>)
        case trailer
        case complete
    }

    private let areSigned: Bool
    private let haveTrailer: Bool
    private let seed: ChunkSeed
    private var state = State.head
    private var line: [UInt8] = []
    private var digest = SHA256()
    /// Of what came before.
    private var signature: String
    /// Of the chunk that is being read.
    private var claimed = ""
    /// Names in lower case, in order.
    package private(set) var trailers: [(name: String, value: String)] = []

    /// Nil where `payload` declares no chunks.
    package init?(_ payload: DeclaredPayload, _ seed: ChunkSeed) {
        guard case .chunks(let areSigned, let haveTrailer) = payload else { return nil }
        self.areSigned = areSigned
        self.haveTrailer = haveTrailer
        self.seed = seed
        signature = seed.signature
    }

    /// Whether all has come, and nothing of it is anybody else's.
    package var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// The bytes of the object in what came next.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(Failure) -> [UInt8] {
        var rest = bytes
        var content: [UInt8] = []
        while let first = rest.first {
            switch state {
            case .head, .trailer:
                guard let whole = try takeLine(&rest) else { return content }
                if case .head = state { try begin(whole) } else { try takeTrailer(whole) }
            case .data(let count):
                let piece = rest.prefix(count)
                digest.update(data: piece)
                content += piece
                rest = rest.dropFirst(piece.count)
                if count > piece.count {
                    state = .data(count - piece.count)
                } else {
                    state = .dataEnd([13, 10])
                    try endChunk()
                }
            case .dataEnd(let wanted):
                guard first == wanted.first else { throw .malformed }
                rest = rest.dropFirst()
                state = wanted.count > 1 ? .dataEnd(wanted.dropFirst()) : .head
            case .complete: throw .malformed
            }
        }
        return content
    }

    /// A line without its end, once it is whole.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(Failure) -> String? {
        let end = rest.firstIndex(of: 10)
        let piece = end.map { rest[...$0] } ?? rest
        guard line.count + piece.count <= Self.lineBytesMax else { throw .malformed }
        line += piece
        rest = rest.dropFirst(piece.count)
        guard end != nil else { return nil }
        defer { line = [] }
        guard line.count >= 2, line[line.count - 2] == 13,
            let text = String(validating: line.dropLast(2), as: UTF8.self)
        else { throw .malformed }
        return text
    }

    private mutating func begin(_ head: String) throws(Failure) {
        let parts = head.split(separator: ";", omittingEmptySubsequences: false)
        // Seven digits are 256 MB: clients make chunks of some kilobytes up to a few megabytes.
        guard let digits = parts.first, (1...7).contains(digits.count),
            digits.utf8.allSatisfy({ $0.isASCIIDigit || (97...102).contains($0 | 0x20) }),
            let size = Int(digits, radix: 16)
        else { throw .malformed }
        if areSigned {
            let sides = parts.count == 2 ? parts[1].split(separator: "=") : []
            guard sides.count == 2, sides[0] == Self.signatureName else { throw .malformed }
            claimed = String(sides[1])
        } else if parts.count > 1 {
            throw .malformed
        }
        digest = SHA256()
        guard size == 0 else {
            state = .data(size)
            return
        }
        try endChunk()
        // Without trailers an empty line follows, as after every chunk.
        state = .trailer
    }

    private mutating func endChunk() throws(Failure) {
        guard areSigned else { return }
        try check(
            claimed,
            seed.scope.stringToSign(
                "\(SigningScope.algorithm)-PAYLOAD", seed.timeText, signature, Self.emptyDigest,
                Hexadecimal.text(digest.finalize())))
    }

    private mutating func takeTrailer(_ line: String) throws(Failure) {
        guard !line.isEmpty else {
            if haveTrailer, areSigned, !isTrailerSigned { throw .otherSignature }
            state = .complete
            return
        }
        let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard haveTrailer, sides.count == 2, trailers.count < Self.trailersMax, !isTrailerSigned
        else { throw .malformed }
        let name = sides[0].lowercased()
        let value = String(sides[1].drop { $0 == " " })
        guard areSigned, name == Self.trailerSignatureName else {
            trailers.append((name, value))
            return
        }
        let text = trailers.map { "\($0.name):\($0.value)\n" }.joined()
        try check(
            value,
            seed.scope.stringToSign(
                "\(SigningScope.algorithm)-TRAILER", seed.timeText, signature,
                Hexadecimal.text(SHA256.hash(data: Array(text.utf8)))))
        isTrailerSigned = true
    }

    private var isTrailerSigned = false

    private mutating func check(_ claimed: String, _ toSign: String) throws(Failure) {
        guard let bytes = Hexadecimal.bytes(claimed),
            HMAC<SHA256>.isValidAuthenticationCode(
                bytes, authenticating: Array(toSign.utf8), using: seed.key)
        else { throw .otherSignature }
        signature = claimed
    }
}
