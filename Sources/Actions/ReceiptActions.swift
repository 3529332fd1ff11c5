import Events
package import MailModel
import NIOCore
import RuleEngine
package import Storage
package import Topics

/// Does actions: each kind in a file of its own, `store` of a batch together.
package struct ReceiptActions: Sendable {
    let objects: any ObjectStore
    let invoker: any FunctionInvoker
    let topics: TopicDirectory
    let bodies: any BodyFiles
    let time: any TimeSource
    let random: any RandomSource
    let headerBytesMax: Int
    /// Nil where nothing is sent.
    package var submitter: (any MailSubmitter)?
    package var maildirs: Maildirs?
    package var webhooks: Webhooks?

    /// No mail's header section is larger than `headerBytesMax`: what is read of a mail in a file
    /// to describe it.
    package init(
        objects: any ObjectStore, invoker: any FunctionInvoker, topics: TopicDirectory,
        bodies: any BodyFiles, time: any TimeSource, random: any RandomSource,
        headerBytesMax: Int = 262_144
    ) {
        self.objects = objects
        self.invoker = invoker
        self.topics = topics
        self.bodies = bodies
        self.time = time
        self.random = random
        self.headerBytesMax = headerBytesMax
    }

    /// Does `tasks`; one result for each, in order. All objects to store share their syncs.
    package func perform(_ tasks: [ActionTask]) async -> [ActionResult] {
        var results = [ActionResult?](repeating: nil, count: tasks.count)
        let stores = tasks.indices.filter { tasks[$0].action.kind == ReceiptAction.storeKind }
        for (index, result) in zip(stores, await store(stores.map { tasks[$0] })) {
            results[index] = result
        }
        for (index, task) in tasks.enumerated() where results[index] == nil {
            results[index] = await perform(task)
        }
        return results.compactMap { $0 }
    }

    private func perform(_ task: ActionTask) async -> ActionResult {
        if task.mail.replay?.sends == false, task.action.sendsMail {
            return ActionResult(
                ending: .done(.continueOn), detail: "nothing is sent: this is a replay")
        }
        return switch task.action {
        case .invoke(let handler, let type, let topic, _):
            await invoke(task, handler: handler, type: type, topic: topic)
        case .notify(let topic, let encoding): notify(task, topic: topic, encoding: encoding)
        case .forward(let targets, let identity, let author):
            await forward(task, to: targets, as: identity, author: author)
        case .bounce(let bounce): await self.bounce(task, bounce)
        case .reply(let reply): await self.reply(task, reply)
        case .relay(let relay): await self.relay(task, to: relay)
        case .deliver(let maildir): await deliver(task, into: maildir)
        case .webhook(let webhook): await self.webhook(task, to: webhook)
        case .stop(let topic): stop(task, topic: topic)
        case .tag(let name, let value): tag(task, MailTag(name: name, value: value))
        case .quarantine(let reason):
            ActionResult(ending: .done(.continueOn), detail: reason ?? "kept apart")
        case .store, .addHeader, .removeHeader, .reject, .drop:
            ActionResult(ending: .done(.continueOn), detail: "")
        }
    }

    /// SES: a `StopAction` with a topic tells it.
    private func stop(_ task: ActionTask, topic: String?) -> ActionResult {
        alerted(
            ActionResult(ending: .done(.continueOn), detail: "stopped"), task, topic: topic)
    }

    /// What the mail is tagged with goes by the evaluation; this is its row in the journal, by which
    /// mails are found.
    private func tag(_ task: ActionTask, _ tag: MailTag) -> ActionResult {
        ActionResult(
            ending: .done(.continueOn),
            detail: task.tags.contains(tag)
                ? tag.text : "left out: a mail has at most \(MailTag.tagsMax) tags")
    }

    // MARK: What several actions need

    static let subject = "Amazon SES Email Receipt Notification"

    /// `result` with the notification (without content) that SES sends to an action's topic
    /// after it ran.
    func alerted(
        _ result: ActionResult, _ task: ActionTask, topic: String?, objectKey: String? = nil
    ) -> ActionResult {
        guard let topic, let object = ReceiptActionObject(task.action, objectKey: objectKey) else {
            return result
        }
        var result = result
        do throws(StorageFailure) {
            let (mail, receipt) = try describe(task, object, try presented(task))
            let message = ReceiptEvents.notification(mail, receipt)
            let deliveries = topics.deliveries(
                of: String(decoding: message, as: UTF8.self), subject: Self.subject, topic: topic,
                subscriptions: TopicMail.subscriptions(in: mail.header),
                at: time.now(), random: random)
            guard let deliveries else {
                result.detail += "; not told: no such topic: \(topic)"
                return result
            }
            result.deliveries += deliveries
        } catch {
            result.detail += "; not told: \(error)"
        }
        return result
    }

    /// `shown` is the mail as the action is to see it.
    func describe(
        _ task: ActionTask, _ object: ReceiptActionObject, _ shown: PresentedMail
    ) throws(StorageFailure) -> (ReceivedMail, Receipt) {
        describe(task, object, try header(task, shown))
    }

    /// `header` is that of the mail as the action is to see it.
    func describe(
        _ task: ActionTask, _ object: ReceiptActionObject, _ header: HeaderBlock
    ) -> (ReceivedMail, Receipt) {
        let envelope = task.mail.envelope
        let mail = ReceivedMail(
            id: task.mail.messageID, receivedAt: task.mail.receivedAt, mailFrom: envelope.mailFrom,
            recipients: envelope.recipients, header: header,
            tags: Dictionary(grouping: task.tags, by: \.name).mapValues { $0.map(\.value) })
        let startedAt = task.mail.replay == nil ? task.mail.receivedAt : task.mail.id.time
        let elapsed = time.now().milliseconds - startedAt.milliseconds
        return (
            mail,
            Receipt(
                recipients: task.recipients, processingMilliseconds: max(0, elapsed),
                verdicts: EventVerdicts(task), action: object,
                replay: task.mail.replay.map { mark in
                    ReceiptReplay(
                        number: mark.replay, original: mark.original,
                        startedAt: task.mail.id.time, object: mark.object)
                })
        )
    }

    /// The header section of a mail as it is shown.
    func header(
        _ task: ActionTask, _ shown: PresentedMail
    ) throws(StorageFailure) -> HeaderBlock {
        var buffer = shown.front ?? ByteBuffer()
        switch shown.rest {
        case .bytes(let bytes): buffer.writeImmutableBuffer(bytes)
        case .file(_, let start, _):
            var stored = try bodies.read(
                task.mail.id, length: task.mail.headLength + headerBytesMax)
            stored.moveReaderIndex(forwardBy: min(start, stored.readableBytes))
            buffer.writeImmutableBuffer(stored)
        }
        return buffer.withUnsafeReadableBytes { HeaderBlock($0) }
    }

    typealias PresentedMail = (front: ByteBuffer?, rest: MailContent)

    /// The mail as this action is to see it: lines of earlier `addHeader` actions and what
    /// `removeHeader` actions and the verdicts change of its front, if there is anything of it, then
    /// the rest of what is stored.
    func presented(_ task: ActionTask) throws(StorageFailure) -> PresentedMail {
        var shown = try withoutRemoved(task, try judged(task))
        guard !task.addedHeaders.isEmpty else { return shown }
        var front = ByteBuffer(string: task.addedHeaders.map { $0 + "\r\n" }.joined())
        if let rest = shown.front { front.writeImmutableBuffer(rest) }
        shown.front = front
        return shown
    }

    /// The mail with what the verdicts change of its front.
    private func judged(_ task: ActionTask) throws(StorageFailure) -> PresentedMail {
        guard let presentation = MailPresentation(task.mail) else { return (nil, task.content) }
        let stored: ByteBuffer
        switch task.content {
        case .bytes(let bytes): stored = bytes
        case .file:
            stored = try bodies.read(task.mail.id, length: presentation.replacedLength)
        }
        guard stored.readableBytes >= presentation.replacedLength else {
            throw .damaged("mail \(task.mail.id) is shorter than what was accepted")
        }
        let front = presentation.front(of: stored, isScanEnabled: task.isScanEnabled)
        return (front, task.content.dropping(presentation.replacedLength))
    }
}

extension EventVerdicts {
    /// SES: a rule that does not scan has no spam and virus verdicts.
    fileprivate init(_ task: ActionTask) {
        self.init()
        guard let verdicts = task.mail.verdicts else { return }
        spf = verdicts.spf.status
        dkim = verdicts.dkim.status
        dmarc = verdicts.dmarc.status
        dmarcPolicy = verdicts.failedPolicy
        guard task.isScanEnabled else { return }
        spam = verdicts.spam.status
        virus = verdicts.virus.status
    }
}
