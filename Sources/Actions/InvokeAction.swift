import Events
import MailModel
import NIOCore
import RuleEngine
import Storage
import Topics

extension ReceiptActions {
    /// Hands the mail to a program and, where the rule asks for it, goes by its answer.
    /// SES: `LambdaAction`.
    func invoke(
        _ task: ActionTask, handler: String, type: ReceiptAction.InvocationType, topic: String?
    ) async -> ActionResult {
        switch await outcome(of: task, handler: handler) {
        case .answered(let output, let isCut):
            guard type == .requestResponse else {
                return alerted(
                    ActionResult(
                        ending: .done(.continueOn), detail: "\(handler): accepted the event"),
                    task, topic: topic)
            }
            let word = HandlerWord(
                output, isCut: isCut, of: handler, catalogue: askable,
                subject: { subject(of: task) })
            return result(of: word, task, handler, topic: topic)
        case .failed(let detail, let notBefore):
            var result = ActionResult(ending: .failed, detail: "\(handler): \(detail)")
            result.notBefore = notBefore
            return result
        case .noSuchHandler:
            return ActionResult(ending: .failed, detail: "no such handler: \(handler)")
        }
    }

    /// Where nothing of an answer counts the action is dead, and not tried again by itself: the handler
    /// has done its part, and would answer the same.
    private func result(
        of word: HandlerWord, _ task: ActionTask, _ handler: String, topic: String?
    ) -> ActionResult {
        switch word {
        case .answers(let answer, let words):
            var result = ActionResult(
                ending: .done(answer.disposition), detail: "\(handler): \(words)")
            result.asks = answer.actions
            return alerted(result, task, topic: topic)
        case .isWrong(let problems):
            return ActionResult(
                ending: .refused, detail: "nothing of the answer is done: \(problems)")
        }
    }

    /// What the actions that an answer asks for may name.
    private var askable: RuleCatalogue {
        var catalogue = RuleCatalogue(buckets: nil, handlers: nil, topics: topics.names)
        catalogue.isSending = submitter != nil
        return catalogue
    }

    /// Of the mail as the handler got it; what cannot be read any more has none.
    private func subject(of task: ActionTask) -> String {
        guard let shown = try? presented(task), let header = try? header(task, shown) else {
            return ""
        }
        return header.first("Subject")?.decodedText ?? ""
    }

    /// What a handler says of a mail whose 250 waits for it, as long as `sessionWaits`; `task` is an
    /// `invoke` of it.
    package func ask(
        _ task: ActionTask, sessionWaits: @escaping @Sendable () -> Bool
    ) async -> FunctionOutcome {
        guard case .invoke(let handler, _, _, _) = task.action else { return .noSuchHandler }
        return await outcome(of: task, handler: handler, sessionWaits: sessionWaits)
    }

    private func outcome(
        of task: ActionTask, handler: String, sessionWaits: (@Sendable () -> Bool)? = nil
    ) async -> FunctionOutcome {
        guard let object = ReceiptActionObject(task.action) else {
            preconditionFailure("invoke has an object")
        }
        let event: [UInt8]
        let input: [FunctionInvocation.InputPiece]
        do throws(StorageFailure) {
            let shown = try presented(task)
            let (mail, receipt) = try describe(task, object, shown)
            event = ReceiptEvents.lambda(mail, receipt)
            input = (shown.front.map { [.bytes($0)] } ?? []) + [Self.piece(shown.rest)]
        } catch {
            return .failed(detail: "\(error)")
        }
        return await invoker.invoke(
            FunctionInvocation(
                handler: handler, arn: SESRuleDocument.functionARN(handler),
                stableID: task.stableID, attempt: task.attempt,
                mail: task.mail.id, rule: task.key.rule, event: event,
                environment: Self.environment(task), input: input,
                sessionWaits: sessionWaits, recipients: task.recipients))
    }

    private static func piece(_ content: MailContent) -> FunctionInvocation.InputPiece {
        switch content {
        case .bytes(let bytes): .bytes(bytes)
        case .file(let path, let start, let length):
            .file(path: path, start: start, length: length)
        }
    }

    /// The essentials, for programs that do not want to read JSON.
    private static func environment(_ task: ActionTask) -> [(name: String, value: String)] {
        let envelope = task.mail.envelope
        let recipients = recipients(task)
        let replayed = task.mail.replay.map { [("MARTLET_REPLAY_OF", $0.original.text)] } ?? []
        return [
            ("MARTLET_MAIL_ID", task.mail.messageID.text),
            ("MARTLET_ACTION_ID", task.stableID),
            ("MARTLET_ATTEMPT", "\(task.attempt)"),
            ("MARTLET_RULE", task.key.rule),
            ("MARTLET_MAIL_FROM", envelope.mailFrom.wireText),
            ("MARTLET_RECIPIENTS", recipients.joined(separator: " ")),
            ("MARTLET_RECIPIENTS_OMITTED", "\(task.recipients.count - recipients.count)"),
            ("MARTLET_PEER_ADDRESS", envelope.peerAddress),
            ("MARTLET_TLS", envelope.tls ?? ""),
        ] + replayed
    }

    /// Bytes of MARTLET_RECIPIENTS: all variables of a program share what the kernel allows them.
    static let recipientsBytesMax = 32_768

    /// The first that have room, each whole.
    private static func recipients(_ task: ActionTask) -> [String] {
        var listed: [String] = []
        var bytes = 0
        for recipient in task.recipients {
            let text = recipient.wireText
            bytes += text.utf8.count + 1
            guard bytes <= recipientsBytesMax else { break }
            listed.append(text)
        }
        return listed
    }
}
