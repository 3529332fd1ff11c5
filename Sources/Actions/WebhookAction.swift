import Events
import MailModel
import NIOCore
import RuleEngine
import Storage

extension ReceiptActions {
    /// Posts the mail to a web endpoint. Docs: docs/rules.md says what each answer means.
    func webhook(_ task: ActionTask, to name: String) async -> ActionResult {
        guard let webhooks, let webhook = webhooks.endpoints[name] else {
            return ActionResult(ending: .failed, detail: "no such webhook: \(name)")
        }
        let now = time.now()
        let body: WebhookBody
        do throws(WebhookFailure) {
            body = try await webhookBody(task, for: webhook, at: now)
        } catch {
            return ActionResult(ending: .failed, detail: "\(name): \(error.detail)")
        }
        guard body.bytes.count <= webhook.bodyBytesMax else {
            return ActionResult(
                ending: .refused,
                detail: "\(name): the request would have \(body.bytes.count) bytes; "
                    + "bodyBytesMax is \(webhook.bodyBytesMax)")
        }
        guard body.isWhole else {
            return ActionResult(
                ending: .refused,
                detail: "\(name): the mail has more attachments than are read, and "
                    + "\(webhook.format.shape.rawValue) has no word for that")
        }
        let answer = await webhooks.poster.post(
            WebhookRequest(
                body.bytes, mediaType: body.mediaType, id: task.stableID, at: now,
                signedBy: webhook.secrets, besides: Self.authorization(webhook)),
            to: webhook.url, seconds: webhook.timeoutSeconds)
        var result = result(of: answer)
        result.detail = "\(name): \(result.detail)"
        return result
    }

    private static func authorization(_ webhook: Webhook) -> [(name: String, value: String)] {
        webhook.basicAuth.map {
            [("Authorization", "Basic \(Base64.text(Array($0.utf8)))")]
        } ?? []
    }

    // MARK: Answers

    private func result(of answer: WebhookAnswer) -> ActionResult {
        switch answer {
        case .failed(let reason): ActionResult(ending: .failed, detail: reason)
        case .forbidden(let reason): ActionResult(ending: .refused, detail: reason)
        case .answered(let status, let retryAfter, _): result(of: status, retryAfter)
        }
    }

    private func result(of status: Int, _ retryAfter: String?) -> ActionResult {
        let said = "answered \(status)"
        switch status {
        case 200..<300: return ActionResult(ending: .done(.continueOn), detail: said)
        case 406:
            return ActionResult(ending: .refused, detail: "\(said): it does not want this mail")
        case 410: return ActionResult(ending: .refused, detail: "\(said): the endpoint is gone")
        case 429, 503:
            var result = ActionResult(ending: .failed, detail: said)
            if let wait = RetryAfter(retryAfter, at: time.now()) {
                result.notBefore = wait.time
                result.detail += ", in \(wait.seconds) s again"
            }
            return result
        default: return ActionResult(ending: .failed, detail: said)
        }
    }
}
