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
            Self.request(body, of: task, for: webhook, at: now), to: webhook.url,
            seconds: webhook.timeoutSeconds)
        var result = result(of: answer)
        result.detail = "\(name): \(result.detail)"
        return result
    }

    private static func request(
        _ body: WebhookBody, of task: ActionTask, for webhook: Webhook, at now: Timestamp
    ) -> WebhookRequest {
        let id = webhookID(task)
        let signatures = webhook.secrets.map { $0.signature(id: id, at: now, of: body.bytes) }
        var headers = [
            ("Content-Type", body.mediaType), ("User-Agent", "Martlet"),
            ("webhook-id", id), ("webhook-timestamp", "\(now.milliseconds / 1_000)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
        if let basicAuth = webhook.basicAuth {
            headers.append(("Authorization", "Basic \(Base64.text(Array(basicAuth.utf8)))"))
        }
        return WebhookRequest(headers: headers, body: body.bytes)
    }

    /// The stable id of the action. A `.` would end it in what is signed.
    private static func webhookID(_ task: ActionTask) -> String {
        task.stableID.split(separator: ".", omittingEmptySubsequences: false)
            .joined(separator: "%2E")
    }

    // MARK: Answers

    /// How long an endpoint may have us wait.
    static let retryAfterSecondsMax: Int64 = 3_600

    private func result(of answer: WebhookAnswer) -> ActionResult {
        switch answer {
        case .failed(let reason): ActionResult(ending: .failed, detail: reason)
        case .forbidden(let reason): ActionResult(ending: .refused, detail: reason)
        case .answered(let status, let retryAfter): result(of: status, retryAfter)
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
            if let seconds = retryAfter.flatMap(secondsToWait) {
                result.notBefore = time.now().advanced(bySeconds: seconds)
                result.detail += ", in \(seconds) s again"
            }
            return result
        default: return ActionResult(ending: .failed, detail: said)
        }
    }

    /// `Retry-After = HTTP-date / delay-seconds`: RFC 9110 §10.2.3. Nil where it is neither.
    private func secondsToWait(_ text: String) -> Int64? {
        let seconds: Int64
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            seconds = Int64(text) ?? .max
        } else {
            guard let date = Timestamp(rfc5322: text) else { return nil }
            seconds = (date.milliseconds - time.now().milliseconds) / 1_000
        }
        return min(max(seconds, 0), Self.retryAfterSecondsMax)
    }
}
