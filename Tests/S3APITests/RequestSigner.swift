import Crypto
import Hummingbird
import MailModel
import NIOCore

/// Signs requests as a client does, by a reading of the specification other than the verifier's.
struct RequestSigner {
    var id = "AKIAOWNER"
    var secret = "secret"
    var region = "eu-west-3"
    /// `20130524T000000Z`
    var time = "20130524T000000Z"

    /// `query` is written in the canonical form: encoded, sorted, `=` behind each name.
    func request(
        _ method: HTTPRequest.Method, _ path: String, query: String = "",
        fields: [String: String] = [:], body: String = "", digest: String? = nil
    ) -> Request {
        var fields = fields
        fields["host"] = "s3.test"
        fields["x-amz-date"] = time
        fields["x-amz-content-sha256"] =
            digest ?? Hexadecimal.text(SHA256.hash(data: Array(body.utf8)))
        let names = fields.keys.sorted()
        let canonical =
            "\(method.rawValue)\n\(path)\n\(query)\n"
            + names.map { "\($0):\(fields[$0] ?? "")\n" }.joined()
            + "\n\(names.joined(separator: ";"))\n\(fields["x-amz-content-sha256"] ?? "")"
        let date = String(time.prefix(8))
        let scope = "\(date)/\(region)/s3/aws4_request"
        let toSign =
            "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n"
            + Hexadecimal.text(SHA256.hash(data: Array(canonical.utf8)))
        var key = Array("AWS4\(secret)".utf8)
        for step in [date, region, "s3", "aws4_request", toSign] {
            key = Array(
                HMAC<SHA256>.authenticationCode(
                    for: Array(step.utf8), using: SymmetricKey(data: key)))
        }
        fields["authorization"] =
            "AWS4-HMAC-SHA256 Credential=\(id)/\(scope), SignedHeaders="
            + "\(names.joined(separator: ";")), Signature=\(Hexadecimal.text(key))"
        if !body.isEmpty || method == .put { fields["content-length"] = "\(body.utf8.count)" }
        return Self.request(
            method, path + (query.isEmpty ? "" : "?\(query)"), fields: fields, body: body)
    }

    static func request(
        _ method: HTTPRequest.Method, _ target: String, fields: [String: String], body: String
    ) -> Request {
        var head = HTTPRequest(
            method: method, scheme: "http", authority: fields["host"], path: target)
        for (name, value) in fields where name != "host" {
            if let name = HTTPFields.Element.Name(name) { head.headerFields[name] = value }
        }
        return Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
    }
}
