import Crypto

/// What a signing key is good for: one day, one region, one service.
package struct SigningScope: Sendable, Equatable {
    static let algorithm = "AWS4-HMAC-SHA256"
    private static let terminator = "aws4_request"

    /// `20150830`
    package let date: String
    package let region: String
    package let service: String

    package init(date: String, region: String, service: String) {
        self.date = date
        self.region = region
        self.service = service
    }

    /// The access key's id, and the scope, of `id/date/region/service/aws4_request`; nil where it is
    /// none.
    static func read(credential: String) -> (id: String, scope: SigningScope)? {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 5, parts[4] == terminator, !parts.contains("") else { return nil }
        return (parts[0], SigningScope(date: parts[1], region: parts[2], service: parts[3]))
    }

    var text: String { "\(date)/\(region)/\(service)/\(Self.terminator)" }

    /// What is signed for a request, or for a piece of its body: `purpose` (the algorithm's name, and
    /// what is signed), the time, the scope, and lines of its own.
    func stringToSign(_ purpose: String, _ time: String, _ lines: String...) -> String {
        ([purpose, time, text] + lines).joined(separator: "\n")
    }

    /// The key of `secret` for this scope.
    func key(secret: String) -> SymmetricKey {
        let root = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        return [date, region, service, Self.terminator].reduce(root) { key, step in
            SymmetricKey(
                data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
        }
    }
}
