import Actions
import MailModel
import WebPoster

/// Posts to webhooks by the one way in which requests leave.
struct GuardedWebhookPoster: WebhookPoster {
    let client: GuardedHTTPClient

    func post(
        _ request: WebhookRequest, to url: WebURL, seconds: Int64
    ) async -> WebhookAnswer {
        let post = HTTPPost(headers: request.headers, body: request.body)
        let bytesMax = request.answerBytesMax ?? GuardedHTTPClient.answerBodyBytesMax
        switch await client.post(post, to: url, seconds: seconds, bodyBytesMax: bytesMax) {
        case .success(let answer):
            return .answered(
                status: answer.status, retryAfter: answer.retryAfter, body: answer.body)
        case .failure(let failure):
            // What the DNS says of a name may be otherwise soon; an address stays what it is.
            if case .forbidden(let reason) = failure, case .address = url.host {
                return .forbidden(reason)
            }
            return .failed("\(failure)")
        }
    }
}
