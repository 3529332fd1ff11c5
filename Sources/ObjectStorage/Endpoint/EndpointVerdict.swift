import MailModel
package import Storage

/// What the answer to a PUT says of the object. S3: `PutObject`, “Error responses”
package enum EndpointVerdict {
    /// Bytes of an error's document that are looked at.
    private static let documentBytesMax = 4_096
    private static let codeBytesMax = 64

    /// Why the object does not count as stored; nil where it does: the answer is 200, and an ETag that
    /// is an MD5 is that of what was sent.
    package static func reason(against answer: ObjectAnswer, md5: [UInt8]) -> String? {
        switch answer {
        case .failed(let reason): return reason
        case .tooLarge(let bytesMax): return "the answer has more than \(bytesMax) bytes"
        case .answered(200, let entityTag, let encryption, _):
            guard let found = stored(entityTag, encryption), found != md5 else { return nil }
            return "answered 200, and has another object: its MD5 is \(Hexadecimal.text(found)), "
                + "expected \(Hexadecimal.text(md5))"
        case .answered(let status, _, _, let body):
            return "answered \(status)" + (code(in: body).map { " \($0)" } ?? "")
        }
    }

    /// The MD5 that an ETag is; nil where it is something else. Under a key of KMS it has the same form
    /// and is none. S3: “Common response headers, ETag”
    private static func stored(_ entityTag: String?, _ encryption: String?) -> [UInt8]? {
        guard encryption?.hasPrefix("aws:kms") != true, var text = entityTag?[...] else {
            return nil
        }
        if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 {
            text = text.dropFirst().dropLast()
        }
        guard text.utf8.count == 32 else { return nil }
        return Hexadecimal.bytes(text.lowercased())
    }

    /// What is wrong with who asks, whichever object it is. S3: “Error responses”
    private static let codesOfAsking: Set = [
        "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken",
        "InvalidAccessKeyId", "InvalidPayer", "InvalidSecurity", "InvalidToken", "NoSuchBucket",
        "NotSignedUp", "RequestExpired",
        "RequestTimeTooSkewed", "RequestTimeout", "SignatureDoesNotMatch", "TokenRefreshRequired",
    ]

    /// Whether an answer that gives out no object is taken to be about this one: not where it lacks
    /// S3's word, as a proxy's does. `AccessDenied` is, since a policy may close some objects alone.
    package static func isOfObject(_ status: Int, _ code: String?) -> Bool {
        if let code, codesOfAsking.contains(code) { return false }
        return switch status {
        case 400, 403, 404: code != nil
        case 300...399, 401, 407, 408, 429, 500...: false
        default: true
        }
    }

    /// The word between `<Code>` and `</Code>`; nil where there is none. Nothing else of a document is
    /// read.
    package static func code(in document: [UInt8]) -> String? {
        let text = String(decoding: document.prefix(documentBytesMax), as: UTF8.self)
        guard let start = text.firstRange(of: "<Code>"),
            let end = text[start.upperBound...].firstRange(of: "</Code>")
        else { return nil }
        let code = text[start.upperBound..<end.lowerBound]
        guard (1...codeBytesMax).contains(code.utf8.count),
            code.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == 0x2E })
        else { return nil }
        return String(code)
    }
}
