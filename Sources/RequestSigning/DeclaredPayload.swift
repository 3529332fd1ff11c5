import MailModel

/// What a request's signature says of its body. S3: `x-amz-content-sha256`
package enum DeclaredPayload: Sendable, Equatable {
    /// The body has this SHA-256.
    case digest([UInt8])
    /// Nothing: whoever is on the way may put another one in its place.
    case unsigned
    /// It comes in chunks, of which each is signed, or none; and lines may follow the last.
    case chunks(areSigned: Bool, haveTrailer: Bool)

    private static let digestBytes = 32
    private static let words: [String: DeclaredPayload] = [
        "UNSIGNED-PAYLOAD": .unsigned,
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": .chunks(areSigned: true, haveTrailer: false),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": .chunks(areSigned: true, haveTrailer: true),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER": .chunks(areSigned: false, haveTrailer: true),
    ]

    /// Nil where `text` is no digest and none of the words.
    init?(_ text: String) {
        if let word = Self.words[text] {
            self = word
            return
        }
        guard let digest = Hexadecimal.bytes(text), digest.count == Self.digestBytes else {
            return nil
        }
        self = .digest(digest)
    }
}
