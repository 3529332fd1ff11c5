package import MailModel

/// A handler that is a web endpoint, as the configuration describes it.
package struct HandlerEndpoint: Sendable, Equatable {
    /// What the body of a request is.
    package enum Format: String, Sendable, CaseIterable {
        /// SES's Lambda event.
        case json
        /// The mail as an object has it. RFC 5322
        case raw
    }

    package var url: WebURL
    package var format: Format
    /// Each signs every request; at least one.
    package var secrets: [WebhookSecret]
    /// What it knows us by, beside the signature. RFC 6750 §2.1
    package var token: BearerToken?
    /// From when the connection stands until the answer is there.
    package var timeoutSeconds: Int64
    /// Of an answer; of a longer one nothing is taken.
    package var outputBytesMax: Int
    /// Requests that are on their way to it at once.
    package var postsMax: Int

    package init(
        url: WebURL, format: Format, secrets: [WebhookSecret], token: BearerToken?,
        timeoutSeconds: Int64, outputBytesMax: Int, postsMax: Int
    ) {
        self.url = url
        self.format = format
        self.secrets = secrets
        self.token = token
        self.timeoutSeconds = timeoutSeconds
        self.outputBytesMax = outputBytesMax
        self.postsMax = postsMax
    }
}

/// A secret that goes with a request as it is. Not told by what prints it.
package struct BearerToken: Sendable, Equatable, CustomStringConvertible {
    package static let bytesMax = 4_096

    let text: String

    /// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
    /// RFC 6750 §2.1. Nil where `text` is none.
    package init?(_ text: String) {
        let marks = Set("-._~+/".utf8)
        let word = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
        guard !word.isEmpty, text.utf8.count <= Self.bytesMax,
            word.allSatisfy({ byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: marks.contains(byte)
                }
            })
        else { return nil }
        self.text = text
    }

    package var description: String { "a bearer token" }
}
