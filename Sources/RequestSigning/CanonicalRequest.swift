import Crypto
import MailModel

/// The one text of a request that is signed, however the request was written.
/// AWS: “Create a signed AWS API request”
///
/// The path is encoded once, as S3 has it; AWS's other services encode it a second time.
struct CanonicalRequest {
    /// The parameter that carries the signature itself.
    static let signatureParameter = "X-Amz-Signature"

    let text: String

    /// Nil where a header that is signed is not there. `signedHeaders` are sorted and in lower case;
    /// `payload` is the last line: a digest, or the word that stands in its place.
    init?(_ request: SignedRequest, signedHeaders: [String], payload: String) {
        var headers: [String] = []
        for name in signedHeaders {
            let values = request.values(of: name)
            guard !values.isEmpty else { return nil }
            headers.append("\(name):\(values.map(Self.trimmed).joined(separator: ","))\n")
        }
        text = [
            request.method, request.canonicalPath, Self.query(request), headers.joined(),
            signedHeaders.joined(separator: ";"), payload,
        ].joined(separator: "\n")
    }

    /// Hexadecimal SHA-256.
    var digest: String { Hexadecimal.text(SHA256.hash(data: Array(text.utf8))) }

    /// By name, then by value, as bytes of what is encoded.
    private static func query(_ request: SignedRequest) -> String {
        request.parameters
            .filter { !$0.name.elementsEqual(signatureParameter.utf8) }
            .map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// Without blanks at its ends, and one where several follow each other.
    private static func trimmed(_ value: String) -> String {
        value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: " ")
    }
}
