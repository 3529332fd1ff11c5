package import MailModel

/// A bucket of a server that speaks S3's protocol, as the configuration describes it.
package struct S3Endpoint: Sendable, Equatable {
    /// Scheme, host and port; `/` is its target.
    package var url: WebURL
    package var region: String
    /// The server's name for the bucket.
    package var bucket: String
    package var accessKeyID: String
    package var secret: String
    /// From when the connection stands until the answer is there.
    package var timeoutSeconds: Int64
    /// Objects that are on their way to it at once.
    package var putsMax: Int

    package init(
        url: WebURL, region: String, bucket: String, accessKeyID: String, secret: String,
        timeoutSeconds: Int64, putsMax: Int
    ) {
        self.url = url
        self.region = region
        self.bucket = bucket
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.timeoutSeconds = timeoutSeconds
        self.putsMax = putsMax
    }

    /// Whether others may name a bucket so in a request: 3 to 63 letters, digits, `.`, `_` and `-`, no
    /// `.` first. S3: “Bucket naming rules”, and what its servers had before them.
    package static func isBucketName(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { byte in
                byte.isASCIILetter || byte.isASCIIDigit || "._-".utf8.contains(byte)
            }
    }
}
