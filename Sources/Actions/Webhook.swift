package import MailModel

/// The web endpoints that rules post mails to.
package struct Webhooks: Sendable {
    /// By the names that rules call them.
    let endpoints: [String: Webhook]
    let poster: any WebhookPoster

    package init(_ endpoints: [String: Webhook], poster: any WebhookPoster) {
        self.endpoints = endpoints
        self.poster = poster
    }

    /// Posts that one endpoint gets at once, by its name.
    package var postsMax: [String: Int] { endpoints.mapValues(\.postsMax) }
}

/// A web endpoint as the configuration describes it.
package struct Webhook: Sendable, Equatable {
    /// What the body of a request is.
    package enum Format: String, Sendable, CaseIterable {
        /// The mail as an object has it. RFC 5322
        case raw
        /// An event in SES's words, with the texts and attachments of the mail.
        case json
        /// As Postmark's inbound webhook.
        case postmark
    }

    package var url: WebURL
    package var format: Format
    /// Each signs every request; at least one.
    package var secrets: [WebhookSecret]
    /// From when the connection stands until the answer is there.
    package var timeoutSeconds: Int64
    /// Of a request. A mail that makes a larger one is not posted.
    package var bodyBytesMax: Int
    /// Of attachments in an event, decoded, together.
    package var attachmentsBytesMax: Int
    /// Requests that are on their way to it at once.
    package var postsMax: Int

    package init(
        url: WebURL, format: Format, secrets: [WebhookSecret], timeoutSeconds: Int64,
        bodyBytesMax: Int, attachmentsBytesMax: Int, postsMax: Int
    ) {
        self.url = url
        self.format = format
        self.secrets = secrets
        self.timeoutSeconds = timeoutSeconds
        self.bodyBytesMax = bodyBytesMax
        self.attachmentsBytesMax = attachmentsBytesMax
        self.postsMax = postsMax
    }
}

/// The port to the web.
package protocol WebhookPoster: Sendable {
    /// Posts `request` to `url`, if it may go there; returns within `seconds` and what connecting
    /// takes.
    func post(_ request: WebhookRequest, to url: WebURL, seconds: Int64) async -> WebhookAnswer
}

package struct WebhookRequest: Sendable {
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Of the answer's body, beyond which it is not read; nil where nobody wants it.
    package var answerBytesMax: Int?

    package init(
        headers: [(name: String, value: String)], body: [UInt8], answerBytesMax: Int? = nil
    ) {
        self.headers = headers
        self.body = body
        self.answerBytesMax = answerBytesMax
    }
}

/// What came of a request.
package enum WebhookAnswer: Sendable, Equatable {
    /// `retryAfter`: the field of that name, as it was sent. `body`: nil where it was longer than it
    /// may be.
    case answered(status: Int, retryAfter: String? = nil, body: [UInt8]? = [])
    /// The URL has an address that must not be reached.
    case forbidden(String)
    /// Nothing came back: worth another try.
    case failed(String)
}
