import Events
import MailModel
import NIOCore
import RuleEngine
import Storage

/// What a request says.
struct WebhookBody {
    var mediaType: String
    var bytes: [UInt8]
    /// Whether everything that the mail carries is in it, or it says what is not.
    var isWhole = true

    /// Whom the rule took stands in no header of the mail.
    static func recipientLines(_ recipients: [Mailbox]) -> String {
        recipients.map { "X-Original-To: \($0.wireText)\r\n" }.joined()
    }
}

/// Why there is no request yet; another try may help.
struct WebhookFailure: Error {
    /// For people.
    let detail: String
}

extension ReceiptActions {
    /// The mail is read once, wherever it is.
    func webhookBody(
        _ task: ActionTask, for webhook: Webhook, at now: Timestamp
    ) async throws(WebhookFailure) -> WebhookBody {
        let raw: [UInt8]
        do throws(StorageFailure) {
            raw = try wholeMail(task)
        } catch {
            throw WebhookFailure(detail: "\(error)")
        }
        switch webhook.format {
        case .raw:
            let front = WebhookBody.recipientLines(task.recipients)
            return WebhookBody(mediaType: "message/rfc822", bytes: Array(front.utf8) + raw)
        case .json: return try await event(task, raw, for: webhook, at: now)
        case .postmark:
            let content = MailContents(raw, contentsBytesMax: .max)
            return WebhookBody(
                mediaType: "application/json",
                bytes: PostmarkPayload.bytes(
                    of: content, mail: task.mail.messageID, recipients: task.recipients),
                isWhole: !content.areAttachmentsCut)
        case .mailgun(let key):
            let mail = postedMail(task, raw, contentsBytesMax: .max)
            let form = MailgunForm.parsed(mail, mailgunSignature(key, at: now))
            let isWhole = !mail.contents.areAttachmentsCut
            // As Mailgun does, but for what fits in the other way alone.
            if let bytes = form.urlEncoded(bytesMax: webhook.bodyBytesMax) {
                return WebhookBody(
                    mediaType: FormData.urlEncodedMediaType, bytes: bytes, isWhole: isWhole)
            }
            return body(form, isWhole: isWhole)
        case .mailgunMIME(let key):
            let mail = postedMail(task, raw, contentsBytesMax: 0)
            return body(MailgunForm.mime(mail, raw: raw, mailgunSignature(key, at: now)))
        case .sendgrid:
            let mail = postedMail(task, raw, contentsBytesMax: .max)
            return body(
                SendGridForm.parsed(mail), isWhole: !mail.contents.areAttachmentsCut)
        case .sendgridRaw:
            return body(SendGridForm.raw(postedMail(task, raw, contentsBytesMax: 0), raw: raw))
        }
    }

    /// The mail as an object has it.
    private func wholeMail(_ task: ActionTask) throws(StorageFailure) -> [UInt8] {
        let content = try task.content.piece(
            of: task.mail.id, from: 0, length: task.content.length, in: bodies)
        guard content.readableBytes == task.content.length else {
            throw .damaged("mail \(task.mail.id) is shorter than what was accepted")
        }
        var task = task
        task.content = .bytes(content)
        let shown = try presented(task)
        guard case .bytes(let rest) = shown.rest else {
            preconditionFailure("what is in memory is shown from there")
        }
        return (shown.front.map { Array($0.readableBytesView) } ?? []) + rest.readableBytesView
    }

    private func event(
        _ task: ActionTask, _ raw: [UInt8], for webhook: Webhook, at now: Timestamp
    ) async throws(WebhookFailure) -> WebhookBody {
        guard let object = ReceiptActionObject(task.action) else {
            preconditionFailure("webhook has an object")
        }
        let bytesMax = webhook.attachmentsBytesMax
        var content = MailContents(
            raw, contentsBytesMax: webhook.links == nil ? bytesMax : .max)
        let (mail, receipt) = describe(task, object, content.header)
        var links: [Int: LinkedAttachment] = [:]
        if let wanted = webhook.links {
            let taken = content.takeContents(beyond: bytesMax)
            links = try await link(taken, of: task, wanted, at: now)
        }
        return WebhookBody(
            mediaType: "application/json",
            bytes: ReceiptEvents.webhook(
                mail, receipt, content, links: links, contentsBytesMax: bytesMax,
                objects: task.storedObjects))
    }

    /// Puts `contents`, by their places in the mail's list, into the bucket, and signs a link to each.
    private func link(
        _ contents: [Int: [UInt8]], of task: ActionTask, _ wanted: AttachmentLinks,
        at now: Timestamp
    ) async throws(WebhookFailure) -> [Int: LinkedAttachment] {
        // A signature is made in whole seconds.
        let now = Timestamp(milliseconds: now.milliseconds / 1_000 * 1_000)
        var links: [Int: LinkedAttachment] = [:]
        var objects: [ObjectToPut] = []
        for (index, content) in contents.sorted(by: { $0.key < $1.key }) {
            let key = AttachmentLinks.key(of: index + 1, in: task.attachmentsName)
            let url = webhooks?.signer?.link(
                to: key, in: wanted.bucket, by: wanted.accessKey, from: now,
                seconds: wanted.seconds)
            guard let url else {
                throw WebhookFailure(
                    detail: "no link can be signed: the access key \(wanted.accessKey) is not "
                        + "there, or disabled")
            }
            links[index] = LinkedAttachment(
                url: url, expiresAt: now.advanced(bySeconds: wanted.seconds))
            objects.append(
                ObjectToPut(
                    bucket: wanted.bucket, key: key, prefix: nil,
                    content: .bytes(ByteBuffer(bytes: content))))
        }
        for case .failure(let failure) in objects.isEmpty ? [] : await self.objects.put(objects) {
            throw WebhookFailure(detail: "\(failure)")
        }
        return links
    }

    // MARK: Forms

    private func body(_ form: FormData, isWhole: Bool = true) -> WebhookBody {
        let boundary = FormData.boundary(random.bytes(FormData.boundaryRandomBytes))
        return WebhookBody(
            mediaType: FormData.mediaType(boundary: boundary),
            bytes: form.bytes(boundary: boundary), isWhole: isWhole)
    }

    private func mailgunSignature(_ key: MailgunKey, at now: Timestamp) -> MailgunForm.Signature {
        let token = Hexadecimal.text(random.bytes(MailgunForm.tokenRandomBytes))
        return MailgunForm.Signature(
            timestamp: "\(now.milliseconds / 1_000)", token: token,
            signature: key.signature(at: now, token: token))
    }

    private func postedMail(
        _ task: ActionTask, _ raw: [UInt8], contentsBytesMax: Int
    ) -> PostedMail {
        PostedMail(
            mailFrom: task.mail.envelope.mailFrom, recipients: task.recipients,
            peerAddress: task.mail.envelope.peerAddress, findings: PostedMail.Findings(task),
            contents: MailContents(raw, contentsBytesMax: contentsBytesMax))
    }
}

extension PostedMail.Findings {
    /// SES: a rule that does not scan has no spam verdict.
    fileprivate init(_ task: ActionTask) {
        self.init()
        guard let verdicts = task.mail.verdicts else { return }
        if !verdicts.spf.result.isEmpty { spf = verdicts.spf.result }
        dkim = verdicts.dkim.status
        dkimDomains = verdicts.dkimDomains
        guard task.isScanEnabled else { return }
        spam = verdicts.spam.status
        spamScore = verdicts.spamScore
        spamReport = verdicts.inquiries.map { "\($0.of): \($0.answer)" }
    }
}
