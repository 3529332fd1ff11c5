/// How a signature of ours brings mail into the form that it signs.
package struct SigningForm: Sendable, Hashable {
    package var header: Canonicalization
    package var body: Canonicalization

    package init(header: Canonicalization = .relaxed, body: Canonicalization = .relaxed) {
        self.header = header
        self.body = body
    }

    var text: String { "\(header.rawValue)/\(body.rawValue)" }

    var bodyHashKey: BodyHashKey { BodyHashKey(canonicalization: body, hash: .sha256) }
}
