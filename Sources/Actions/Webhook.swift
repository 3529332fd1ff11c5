package import MailModel

/// The web endpoints that rules post mails to.
package struct Webhooks: Sendable {
    /// By the names that rules call them.
    let endpoints: [String: Webhook]
    let poster: any WebhookPoster
    /// Nil where no endpoint has links.
    let signer: (any LinkSigner)?

    package init(
        _ endpoints: [String: Webhook], poster: any WebhookPoster,
        signer: (any LinkSigner)? = nil
    ) {
        self.endpoints = endpoints
        self.poster = poster
        self.signer = signer
    }

    /// Posts that one endpoint gets at once, by its name.
    package var postsMax: [String: Int] { endpoints.mapValues(\.postsMax) }
}

/// A web endpoint as the configuration describes it.
package struct Webhook: Sendable, Equatable {
    /// What the body of a request is.
    package enum Format: Sendable, Equatable {
        /// The mail as an object has it. RFC 5322
        case raw
        /// An event in SES's words, with the texts and attachments of the mail.
        case json
        /// As Postmark's inbound webhook.
        case postmark
        /// As a route of Mailgun's, with what its signatures are made with; the second for a URL that
        /// ends in `mime`.
        case mailgun(MailgunKey)
        case mailgunMIME(MailgunKey)
        /// As SendGrid's Inbound Parse; the second with the whole mail in one field.
        case sendgrid
        case sendgridRaw

        /// As the configuration calls it.
        package var shape: Shape {
            switch self {
            case .raw: .raw
            case .json: .json
            case .postmark: .postmark
            case .mailgun: .mailgun
            case .mailgunMIME: .mailgunMIME
            case .sendgrid: .sendgrid
            case .sendgridRaw: .sendgridRaw
            }
        }
    }

    package enum Shape: String, Sendable, CaseIterable {
        case raw
        case json
        case postmark
        case mailgun
        case mailgunMIME = "mailgun-mime"
        case sendgrid
        case sendgridRaw = "sendgrid-raw"
    }

    package var url: WebURL
    package var format: Format
    /// Each signs every request; at least one.
    package var secrets: [WebhookSecret]
    /// `user:password` that the endpoint asks for; nil where it asks for none. RFC 7617 §2
    package var basicAuth: String?
    /// From when the connection stands until the answer is there.
    package var timeoutSeconds: Int64
    /// Of a request. A mail that makes a larger one is not posted.
    package var bodyBytesMax: Int
    /// Of attachments in an event, decoded, together.
    package var attachmentsBytesMax: Int
    /// Of attachments that an event does not carry; nil: it says that it does not.
    package var links: AttachmentLinks?
    /// Requests that are on their way to it at once.
    package var postsMax: Int

    package init(
        url: WebURL, format: Format, secrets: [WebhookSecret], basicAuth: String? = nil,
        timeoutSeconds: Int64, bodyBytesMax: Int, attachmentsBytesMax: Int,
        links: AttachmentLinks? = nil, postsMax: Int
    ) {
        self.url = url
        self.format = format
        self.secrets = secrets
        self.basicAuth = basicAuth
        self.timeoutSeconds = timeoutSeconds
        self.bodyBytesMax = bodyBytesMax
        self.attachmentsBytesMax = attachmentsBytesMax
        self.links = links
        self.postsMax = postsMax
    }
}

/// The port to the web.
package protocol WebhookPoster: Sendable {
    /// Posts `request` to `url`, if it may go there; returns within `seconds` and what connecting
    /// takes.
    func post(_ request: WebhookRequest, to url: WebURL, seconds: Int64) async -> WebhookAnswer
}

/// The port to who signs links to objects.
package protocol LinkSigner: Sendable {
    /// Who has the link gets the object of `key` in `bucket`, for `seconds` from `time` on. Nil where the
    /// access key is not there, or disabled.
    func link(
        to key: String, in bucket: String, by accessKey: String, from time: Timestamp,
        seconds: Int64
    ) -> String?
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
